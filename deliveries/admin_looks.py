"""The list of looks at payloads, for those who watch over them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deliveries import admin_filters as filters
from deliveries import wording
from deliveries.admin_history import HistoryAdmin
from deliveries.models import Event, PayloadLook


@admin.register(PayloadLook)
class PayloadLookAdmin(HistoryAdmin):
    """Who looked at what an event carried."""

    list_display = ("who", "event_looked_at", "workspace", "when")
    list_display_links = None
    list_filter = (filters.WorkspaceFilter,)
    list_select_related = ("workspace",)
    search_fields = ("=by", "=event_uuid")
    search_help_text = "Whole user name or event id"
    fields = ("by",)
    when_empty = "Whoever presses “Show the payload” on an event's page appears here."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The looks, with the names of their events where those are still kept."""
        events = Event.objects.filter(uuid=OuterRef("event_uuid"))
        names = {name: Subquery(events.values(name)[:1]) for name in ("page_title", "event", "pk")}
        rows: QuerySet[Any] = super().get_queryset(request)
        found: QuerySet[Any] = rows.annotate(
            title=names["page_title"], event_name=names["event"], event_pk=names["pk"]
        )
        return found

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A look has no page of its own; the list says all."""
        return HttpResponseRedirect(reverse("admin:deliveries_payloadlook_changelist"))

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nobody edits a look."""
        return self.change_view(request)

    @admin.display(description="who")
    def who(self, row: Any) -> str:
        """The person's user name."""
        return str(row.by)

    @admin.display(description="event")
    def event_looked_at(self, row: Any) -> SafeString | str:
        """The event by its name, with a link while it is kept."""
        if row.event_pk is None:
            return f"No longer kept ({row.event_uuid})"
        address = reverse("admin:deliveries_event_change", args=[row.event_pk])
        return format_html('<a href="{}">{}</a>', address, row.title or row.event_name)

    @admin.display(description="when")
    def when(self, row: Any) -> str:
        """The time in the viewer's zone."""
        return wording.moment(row.at, seconds=True)
