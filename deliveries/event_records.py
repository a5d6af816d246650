"""Events and their deliveries as the API says them; nothing is asked per row.

Source: Meshes API wire contract, sections 7.1, 7.2 and 8.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from deliveries.event_status import TERMINAL, rolled_up, wire_status
from deliveries.models import Delivery, Event, Status
from meshes.wire import wire_time, without_unset

IN_RECORDS = (
    *("uuid", "workspace_id", "event_id", "connection__kind", "rule_id", "status", "held_reason"),
    *("attempt_count", "started_at", "completed_at", "last_error", "created_at"),
)
"""What a record says of a delivery; lists read no other columns."""


def shown_events() -> QuerySet[Event]:
    """The events that the API knows, without their payload; what staff sent as a test is none."""
    return Event.objects.filter(is_test=False).defer("payload")


def shown_deliveries() -> QuerySet[Delivery]:
    """The deliveries that the API knows: none of a test.

    Why: a hidden rule is hidden from pages only; whoever made it by the API
    asks what came of it.
    """
    rows = Delivery.objects.filter(is_test=False)
    return rows.select_related("connection").defer("progress", "connection__secrets")


def event_records(ids: Sequence[int]) -> list[dict[str, Any]]:
    """The events with these ids, in their order, each with its rule events; two queries."""
    found = {event.pk: event for event in Event.objects.defer("payload").filter(pk__in=ids)}
    by_event: dict[int, list[Delivery]] = {pk: [] for pk in found}
    deliveries = shown_deliveries().filter(event__in=list(found)).only(*IN_RECORDS)
    for delivery in deliveries.order_by("pk"):
        by_event[delivery.event_id].append(delivery)
    return [_event_record(found[pk], by_event[pk]) for pk in ids if pk in found]


def event_record(event: Event) -> dict[str, Any]:
    """The event with its rule events."""
    return _event_record(event, list(shown_deliveries().filter(event=event).order_by("pk")))


def rule_event_record(delivery: Delivery, *, event: Event) -> dict[str, Any]:
    """What the event came to for one rule."""
    status = wire_status(delivery)
    ended = status in TERMINAL
    return without_unset(
        {
            "id": str(delivery.uuid),
            "type": "rule",
            "workspace": str(delivery.workspace_id),
            "event": event.event,
            "event_id": str(event.uuid),
            "resource": event.resource or None,
            "resource_id": event.resource_id or None,
            "connection": str(delivery.connection_id),
            "rule": str(delivery.rule_id),
            "integration_type": delivery.connection.kind,
            "status": str(status),
            "attempt_count": delivery.attempt_count,
            "started_at": _time(delivery.started_at),
            "completed_at": _time(delivery.completed_at) if ended else None,
            "last_error": delivery.last_error or None,
            "created_by": event.created_by,
            "created_at": wire_time(delivery.created_at),
        }
    )


def rules_that_matched(event: Event, rule_id: UUID) -> QuerySet[Delivery]:
    """The event's delivery for the rule, one row or none."""
    return shown_deliveries().filter(event=event, rule=rule_id)


def _event_record(event: Event, deliveries: list[Delivery]) -> dict[str, Any]:
    statuses = [wire_status(delivery) for delivery in deliveries]
    status = rolled_up(statuses)
    return without_unset(
        {
            "id": str(event.uuid),
            "type": "event",
            "event": event.event,
            "workspace": str(event.workspace_id),
            "resource": event.resource or None,
            "resource_id": event.resource_id or None,
            "status": str(status),
            "total_rules": len(deliveries),
            "completed_count": statuses.count(Status.COMPLETED),
            "failed_count": statuses.count(Status.FAILED),
            "started_at": _time(_edge(min, (row.started_at for row in deliveries))),
            "completed_at": _completed_at(event, deliveries) if status in TERMINAL else None,
            "created_by": event.created_by,
            "created_at": wire_time(event.created_at),
            "rule_events": [rule_event_record(row, event=event) for row in deliveries],
        }
    )


def _completed_at(event: Event, deliveries: list[Delivery]) -> str | None:
    """When the last delivery ended; an event that no rule waits for ends with its acceptance."""
    if not deliveries:
        return wire_time(event.created_at)
    return _time(_edge(max, (row.completed_at for row in deliveries)))


def _edge(choose: Any, moments: Iterable[Any]) -> Any:
    return choose((moment for moment in moments if moment is not None), default=None)


def _time(moment: Any) -> str | None:
    return None if moment is None else wire_time(moment)
