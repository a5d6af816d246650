"""Which address leads where."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from deliveries.admin_guide import guide
from meshes import api_pages, health, second_factor_pages
from meshes.metrics import metrics

urlpatterns = [
    # The busiest addresses come first, as each is looked for in this order.
    # Clients trim no slash from the address that they are given, so two may meet.
    re_path(r"^api/v1/+", include("deliveries.urls")),
    re_path(r"^api/v1/+", include("meshes.api_urls")),
    re_path(r"^api/v1/+", include("connections.urls")),
    re_path(r"^api/v1/+", include("rules.urls")),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/guide/", admin.site.admin_view(guide), name="guide"),
    path("admin/login/code/", second_factor_pages.check, name="second-factor-check"),
    path(
        "admin/second-factor/",
        admin.site.admin_view(second_factor_pages.own),
        name="second-factor",
    ),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics),
    re_path(r"^api/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^api/docs/?$", api_pages.docs, name="docs"),
    path("llms.txt", api_pages.llms_txt, name="llms-txt"),
]
