"""Blanks what a person left in events, deliveries and attempts, in short transactions.

Rows stay, so that counts stay; what waits is canceled first, what is in flight ends first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from deliveries.calling_off import as_found, can_be_called_off
from deliveries.idempotency import KEPT_FOR
from deliveries.models import Attempt, Delivery, Event, IdempotencyKey, Status, Trial

PERSON_ERASED = "person_erased"
CANCELED = "The person was erased before this delivery was made."
WAITING = (Status.PENDING, Status.RETRYING)
ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELED)
SPARE = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Taken:
    """What became of some events.

    Shape: `counts` by kind; `waiting` are the ids of events that are blanked
    later, because a delivery of theirs has not ended.
    """

    counts: Counter[str] = field(default_factory=Counter)
    waiting: list[int] = field(default_factory=list)


def take(ids: Collection[int], *, email: str, now: datetime) -> Taken:
    """Cancel what waits for the person in these events and blank those that have ended.

    Shape: an event belongs to the person when it or one of its deliveries
    has the address; of any other one only the payload goes, which names it.
    Why: call it inside a transaction, with few ids.
    """
    taken = Taken()
    rows = Event.objects.select_for_update(skip_locked=True).filter(pk__in=ids).order_by("pk")
    events = {event.pk: event for event in rows}
    passed_over = Event.objects.filter(pk__in=set(ids) - set(events))
    taken.waiting = list(passed_over.values_list("pk", flat=True))
    found = Delivery.objects.filter(event__in=events).order_by("pk")
    deliveries = list(found.select_for_update(of=("self",), no_key=True))
    own = {row.event_id for row in deliveries if row.email == email}
    own |= {event.pk for event in events.values() if event.email == email}
    for row in deliveries:
        row.event = events[row.event_id]
        if row.email == email or row.event.email == email:
            taken.counts["canceled"] += _stopped(row, now=now)
    busy = {row.event_id for row in deliveries if row.status not in ENDED}
    taken.waiting += sorted(busy)
    free = [event for event in events.values() if event.pk not in busy]
    _blank_own([event for event in free if event.pk in own], taken, now=now)
    _blank_mentions([event for event in free if event.pk not in own], taken, now=now)
    return taken


def _stopped(row: Delivery, *, now: datetime) -> int:
    """Whether a delivery that waited has ended now; one in flight is asked to end."""
    changes: dict[str, Any] = {}
    if row.status == Status.PROCESSING and row.cancel_asked_at is None:
        changes = {"cancel_asked_at": now}
    elif row.status in WAITING and can_be_called_off(row):
        changes = as_found(row)
    elif row.status in WAITING:
        changes = {
            "status": Status.CANCELED,
            "held_reason": "",
            "held_at": None,
            "completed_at": now,
            "reason": PERSON_ERASED,
            "last_error": CANCELED,
        }
    if not changes:
        return 0
    Delivery.objects.filter(pk=row.pk).update(**changes)
    row.status = changes.get("status", row.status)
    log.info("erasure_stops", delivery_id=row.pk, event_id=row.event_id)
    return int("status" in changes)


def _blank_own(events: list[Event], taken: Taken, *, now: datetime) -> None:
    keys = [event.pk for event in events]
    blank: dict[str, Any] = {"email": "", "user_id": "", "page_title": "", "payload": {}}
    taken.counts["events"] += Event.objects.filter(pk__in=keys).update(erased_at=now, **blank)
    deliveries = Delivery.objects.filter(event__in=keys)
    taken.counts["deliveries"] += deliveries.update(email="", last_error="", progress={})
    _forget(events, taken, now=now)


def _blank_mentions(events: list[Event], taken: Taken, *, now: datetime) -> None:
    keys = [event.pk for event in events]
    blank: dict[str, Any] = {"user_id": "", "page_title": "", "payload": {}}
    taken.counts["mentions"] += Event.objects.filter(pk__in=keys).update(erased_at=now, **blank)
    Delivery.objects.filter(event__in=keys).update(progress={})
    _forget(events, taken, now=now)


def _forget(events: list[Event], taken: Taken, *, now: datetime) -> None:
    """Empty the exchanges of the events, and delete the answers that name an event."""
    keys = Delivery.objects.filter(event__in=[event.pk for event in events]).values_list("pk")
    attempts = Attempt.objects.filter(delivery__in=[pk for (pk,) in keys])
    taken.counts["attempts"] += attempts.update(exchanges=[])
    # Ids of a contact name the person to whoever can look into the account.
    trials = Trial.objects.filter(event__in=[event.pk for event in events])
    trials.update(before={}, after={}, look_error="")
    fresh = [event for event in events if event.created_at > now - KEPT_FOR - SPARE]
    by_workspace: dict[UUID, list[Event]] = {}
    for event in fresh:
        by_workspace.setdefault(event.workspace_id, []).append(event)
    for workspace_id, some in by_workspace.items():
        taken.counts["keys"] += _delete_answers(workspace_id, some)


def _delete_answers(workspace_id: UUID, events: Iterable[Event]) -> int:
    # An answer is stored with the very moment of its events.
    moments = {event.created_at for event in events}
    ids = {str(event.uuid) for event in events}
    rows = IdempotencyKey.objects.filter(workspace=workspace_id, created_at__in=moments)
    naming = [row.pk for row in rows if any(one in str(row.answer) for one in ids)]
    return IdempotencyKey.objects.filter(pk__in=naming).delete()[0] if naming else 0
