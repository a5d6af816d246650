"""The pages of the milestone funnel, of unmatched events and of silent ones; they only read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from deliveries import watch_pages
from deliveries.admin_history import HistoryAdmin
from deliveries.funnel_pages import funnel_page
from deliveries.funnel_people import PER_PAGE, number_in, people_page
from deliveries.line_paging import place_in
from deliveries.models import EventHour
from deliveries.permissions import MAY_SEE_EVENTS
from meshes.models import Workspace
from meshes.visibility import visible_workspaces

MAY_ADD_RULES = "rules.add_rule"
OFFERED = 100


@admin.register(EventHour)
class FunnelAdmin(HistoryAdmin):
    """Pages made from the hourly counts; a count has none of its own."""

    fields = ("hour",)

    class Media:
        css = {"all": ["meshes/charts.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see events."""
        return request.user.has_perm(MAY_SEE_EVENTS)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same, for the sidebar."""
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """The pages beside the funnel, ahead of Django's own."""
        wrap = self.admin_site.admin_view
        mine = [
            path("people/", wrap(self.people_view), name="deliveries_funnel_people"),
            path("unmatched/", wrap(self.radar_view), name="deliveries_radar"),
            path("silent/", wrap(self.silence_view), name="deliveries_silence"),
        ]
        return [*mine, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The funnel of a sequence."""
        return self._page(request, "funnel", "Milestone funnel", self._funnel)

    def people_view(self, request: HttpRequest) -> HttpResponse:
        """Whom one number counts."""
        return self._page(request, "funnel_people", "Milestone funnel", self._people)

    def radar_view(self, request: HttpRequest) -> HttpResponse:
        """What came and no rule covers."""
        return self._page(request, "radar", "Unmatched events", self._radar)

    def silence_view(self, request: HttpRequest) -> HttpResponse:
        """What usually comes and has stopped."""
        return self._page(request, "silence", "Silent events", self._silence)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A count has no page of its own."""
        return HttpResponseRedirect(reverse("admin:deliveries_eventhour_changelist"))

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nobody edits a count."""
        return self.change_view(request)

    def _page(self, request: HttpRequest, template: str, title: str, about: Any) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        visible = list(visible_workspaces(request.user).order_by("name", "pk")[:OFFERED])
        chosen = _chosen(request, visible)
        page = about(request, chosen) if chosen else {}
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "media": self.media,
            "page": page,
            "workspace": chosen,
            "workspaces": visible,
        }
        return TemplateResponse(request, f"admin/deliveries/{template}.html", context)

    def _funnel(self, request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
        return funnel_page(
            workspace,
            sequence=_text(request, "sequence"),
            week=_text(request, "week"),
            may_add=request.user.has_perm(MAY_ADD_RULES),
            now=timezone.now(),
        )

    def _people(self, request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
        number = number_in(request.GET, workspace)
        if number is None:
            raise Http404("There is no such number; open it from the funnel.")
        place = place_in(request.GET, size=PER_PAGE)
        return people_page(number, place=place, now=timezone.now())

    def _radar(self, request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
        may_add = request.user.has_perm(MAY_ADD_RULES)
        days = _text(request, "days")
        return watch_pages.radar_page(workspace, days=days, may_add=may_add, now=timezone.now())

    def _silence(self, request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
        return watch_pages.silence_page(workspace, now=timezone.now())


def _chosen(request: HttpRequest, visible: list[Workspace]) -> Workspace | None:
    """The workspace of the address, else the first one; 404 for one that may not be seen."""
    asked = _text(request, "workspace")
    if not asked:
        return visible[0] if visible else None
    for workspace in visible:
        if str(workspace.pk) == asked:
            return workspace
    raise Http404("There is no such workspace.")


def _text(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\x00", "")
