"""The addresses of the deliveries room under /api/v1/."""

from django.urls import path

from deliveries.views import BulkEventsView, EventsView

# The spelling with a slash at the end works too, but is not in the API's description.
urlpatterns = [
    path("events", EventsView.as_view()),
    path("events/bulk", BulkEventsView.as_view()),
    path("events/", EventsView.as_view(schema=None)),
    path("events/bulk/", BulkEventsView.as_view(schema=None)),
]
