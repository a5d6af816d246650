"""The addresses of the deliveries room under /api/v1/."""

from deliveries import event_views, rule_event_views
from deliveries.views import BulkEventsView, EventsView
from meshes.addresses import endpoint, misspelled

EVENT = "events/<id:event_id>"
RULE_EVENT = f"{EVENT}/rules/<id:rule_id>"
ATTEMPT = f"{RULE_EVENT}/attempts/<id:attempt_id>"

urlpatterns = [
    *endpoint("events", EventsView),
    *endpoint("events/bulk", BulkEventsView),
    *endpoint(EVENT, event_views.EventView),
    *endpoint(f"{EVENT}/payload", event_views.PayloadView),
    *endpoint(f"{EVENT}/cancel", event_views.CancelEventView),
    *endpoint("workspaces/<id:workspace_id>/events", event_views.WorkspaceEventsView),
    *endpoint(f"{RULE_EVENT}/retry", rule_event_views.RetryView),
    *misspelled(f"{RULE_EVENT}/retry", rule_event_views.MisspelledRetryView),
    *endpoint(f"{RULE_EVENT}/cancel", rule_event_views.CancelView),
    *endpoint(f"{RULE_EVENT}/attempts", rule_event_views.AttemptsView),
    *endpoint(ATTEMPT, rule_event_views.AttemptView),
    *endpoint(f"{ATTEMPT}/response-details", rule_event_views.ResponseDetailsView),
]
