"""The addresses of the handlers that intake is compared with."""

from django.urls import path

from tests.bench.plain import views

urlpatterns = [
    path("hello", views.hello),
    path("api/v1/insert", views.InsertView.as_view()),
    path("enqueue", views.EnqueueView.as_view()),
    path("keep-and-enqueue", views.KeepAndEnqueueView.as_view()),
    path("call", views.CallView.as_view()),
]
