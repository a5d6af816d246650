"""History for support people: what happened to an event, why, and who does what next.

Pages only read; retention removes rows, and the verbs behind the buttons replay or cancel.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from deliveries import (
    admin_alerts,
    admin_audit,
    admin_books,
    admin_erasing,
    admin_funnel,
    admin_jobs,
    admin_looks,
    admin_rules,
    admin_trials,
    buttons,
    job_pages,
    payload_looks,
    wording,
)
from deliveries import admin_displays as displays
from deliveries import admin_facts as facts
from deliveries import admin_filters as filters
from deliveries.admin_chosen_filters import JobFilter, ReasonFilter, SinceFilter, UntilFilter
from deliveries.admin_columns import DeliveryColumns, EventColumns
from deliveries.admin_history import SeekingAdmin
from deliveries.admin_people import PeopleMixin, PersonMixin
from deliveries.admin_timeline import timeline
from deliveries.fixing import steps
from deliveries.mapping_preview import MappingPreviewMixin
from deliveries.models import Delivery, Event
from deliveries.permissions import MAY_REPLAY_MANY
from deliveries.searching import deliveries_asked, events_asked
from deliveries.seeking import Asked
from deliveries.verdicts import verdicts_of
from meshes.visibility import visible_ids

__all__ = [
    "DeliveryAdmin",
    "EventAdmin",
    "admin_alerts",
    "admin_audit",
    "admin_books",
    "admin_erasing",
    "admin_funnel",
    "admin_jobs",
    "admin_looks",
    "admin_rules",
    "admin_trials",
]

SHOWN_DELIVERIES = 100
NAMED = ("workspace", "connection", "rule_version")
IN_LISTS = ("id", "event_id", "status", "held_reason", "reason", "next_attempt_at")
COLUMNS_OF_DELIVERIES = (
    *(*displays.COLUMNS_OF_LINES, "email", "attempt_count", "is_test", "created_at"),
    *(f"event__{name}" for name in ("event", "page_title", "page_id", "sequence_step")),
    *(f"event__{name}" for name in ("email", "user_id", "completed_at", "erased_at")),
)


@admin.register(Event)
class EventAdmin(PeopleMixin, MappingPreviewMixin, EventColumns, SeekingAdmin):
    """What the product told us, and what came of it."""

    buttons = buttons.EVENT_BUTTONS
    list_display = ("what", "person", "result", "workspace_name", "received")
    list_filter = (
        filters.MatchedFilter,
        filters.KindFilter,
        filters.NameFilter,
        filters.WorkspaceFilter,
        SinceFilter,
        UntilFilter,
    )
    list_select_related = ("workspace",)
    fields = ("event",)
    change_form_template = "admin/deliveries/event.html"
    when_empty = (
        "Events appear here as soon as your product sends them with the publishable key "
        "of a workspace."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Events without their payloads."""
        rows: QuerySet[Any] = super().get_queryset(request)
        rows = rows.select_related("workspace").defer("payload")
        found: QuerySet[Any] = rows.annotate(sent_completed_at=displays.sent_completed_at())
        return found

    def asked_by_term(self, request: HttpRequest, term: str) -> Asked:
        """The events that fit the whole term."""
        return events_asked(term)

    def prepared(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the deliveries that the list counts."""
        deliveries = Delivery.objects.only(*IN_LISTS).order_by("id")
        return rows.prefetch_related(Prefetch("deliveries", deliveries, "counted"))

    def page_of(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The event in words; its payload only when asked for, which is logged."""
        deliveries = row.deliveries.select_related(*NAMED).defer("progress").order_by("id")
        shown = list(deliveries[:SHOWN_DELIVERIES])
        return {
            "sentence": wording.sentence(row, sent_completed_at=row.sent_completed_at),
            "person": displays.person(row),
            "person_url": displays.person_address(row),
            "is_test": row.is_test,
            "erased": wording.erased(row),
            "summary": wording.tally(shown),
            "lines": list(displays.lines(shown, now=timezone.now())),
            "more": max(0, row.total_rules - SHOWN_DELIVERIES),
            "all_url": displays.search_address(Delivery, str(row.uuid)),
            "verdicts": verdicts_of(row, shown, everything="rules" in request.GET),
            "may_see_rules": request.user.has_perm("rules.view_rule"),
            "facts": facts.event_facts(row),
            "ids": facts.event_ids(row),
            **_payload(request, row),
        }


@admin.register(Delivery)
class DeliveryAdmin(PersonMixin, DeliveryColumns, SeekingAdmin):
    """What was to become true in an account, and how far it is."""

    buttons = buttons.DELIVERY_BUTTONS
    list_display = ("what", "person", "rule_name", "state", "tries_made", "received")
    list_filter = (
        filters.StateFilter,
        filters.OutcomeFilter,
        filters.TriggerFilter,
        filters.KindFilter,
        filters.WorkspaceFilter,
        filters.ConnectionFilter,
        filters.RuleFilter,
        filters.DeliveryNameFilter,
        ReasonFilter,
        SinceFilter,
        UntilFilter,
        JobFilter,
    )
    list_select_related = ("event", *NAMED)
    fields = ("event_name",)
    change_form_template = "admin/deliveries/delivery.html"
    when_empty = (
        "A delivery appears here for each rule that an event matches. Create a rule, "
        "then send an event."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Deliveries with the names they show and without any payload."""
        rows: QuerySet[Any] = super().get_queryset(request)
        rows = rows.select_related("event", "rule", "account", *NAMED).defer(
            "progress", "event__payload"
        )
        sent = displays.sent_completed_at("event__")
        found: QuerySet[Any] = rows.annotate(sent_completed_at=sent)
        return found

    def prepared(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the columns that the list shows."""
        shown = rows.select_related(None).select_related("event", *displays.RELATED_TO_LINES)
        return shown.only(*COLUMNS_OF_DELIVERIES)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, with a way to replay all of it."""
        may = request.user.has_perm(MAY_REPLAY_MANY)
        more = {"replay_url": job_pages.replay_address(request) if may else ""}
        answer = super().changelist_view(request, {**(extra_context or {}), **more})
        shown = getattr(answer, "context_data", None) or {}
        if may and "cl" in shown:
            shown["replays_all"] = job_pages.replays_all(request, shown["cl"].result_list)
        return answer

    def asked_by_term(self, request: HttpRequest, term: str) -> Asked:
        """The deliveries that fit the whole term, directly or by their event."""
        return deliveries_asked(term, workspaces=visible_ids(request.user))

    def page_of(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The delivery in words, its cause, its attempts."""
        now = timezone.now()
        sentence = wording.sentence(row.event, sent_completed_at=row.sent_completed_at)
        return {
            "sentence": sentence,
            "person": row.email or displays.person(row.event),
            "person_url": displays.person_address(row),
            "is_test": row.is_test,
            "erased": wording.erased(row.event),
            "action": displays.action(row),
            "status": displays.status(row, now=now),
            "tone": displays.tone(row),
            "cause": displays.cause(row),
            "steps": steps(row, may=request.user.has_perm),
            "read_back": displays.read_back(row),
            "facts": facts.delivery_facts(row, may=request.user.has_perm, now=now),
            "is_over": facts.is_over(row),
            "ids": facts.delivery_ids(row),
            "timeline": timeline(row, destination=displays.destination_name(row)),
        }


def _payload(request: HttpRequest, event: Event) -> dict[str, Any]:
    may = payload_looks.may_look(request.user, event)
    if not may or "payload" not in request.GET:
        return {"may_see_payload": may, "payload": None}
    payload_looks.look(event, user=request.user, now=timezone.now())
    return {"may_see_payload": True, "payload": displays.payload_text(event)}
