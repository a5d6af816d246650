"""The addresses of the deliveries room under /api/v1/."""

from deliveries.views import BulkEventsView, EventsView
from meshes.addresses import endpoint

urlpatterns = [
    *endpoint("events", EventsView),
    *endpoint("events/bulk", BulkEventsView),
]
