"""Stopping what is not finished: one delivery, an event's, or what a job set going.

An attempt in flight is never torn down; it ends and is recorded as it ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet

from deliveries.calling_off import as_found, can_be_called_off
from deliveries.models import UNFINISHED, Delivery, Event, Status

log = structlog.get_logger(__name__)

CANCELED, RESTORED, ASKED = "canceled", "restored", "asked"
CHUNK = 500
ENDED = "This delivery has ended already, so there is nothing to cancel."


class AlreadyEnded(Exception):
    """The delivery has ended, so that nothing is left to cancel."""


@dataclass(frozen=True, slots=True)
class Canceled:
    """How many deliveries ended, went back as a replay found them, or end after their attempt."""

    canceled: int = 0
    restored: int = 0
    asked: int = 0

    @property
    def word(self) -> str:
        """What became of a single one."""
        return CANCELED if self.canceled else RESTORED if self.restored else ASKED


def cancel_delivery(delivery_id: int, *, by: str, now: datetime) -> str:
    """What became of the delivery: `canceled`, `restored` or `asked`.

    Shape: `restored` is a replay that had not begun, `asked` an attempt in
    flight that ends first; `by` names the person or key.
    Raises: AlreadyEnded.
    """
    done = cancel_all(Delivery.objects.filter(pk=delivery_id), by=by, now=now)
    if done == Canceled():
        raise AlreadyEnded(ENDED)
    return done.word


def cancel_event(event: Event, *, by: str, now: datetime) -> Canceled:
    """What became of the event's deliveries that had not ended."""
    return cancel_all(Delivery.objects.filter(event=event), by=by, now=now)


def cancel_all(rows: QuerySet[Delivery], *, by: str, now: datetime) -> Canceled:
    """What became of those of the rows that had not ended, all in one transaction."""
    with transaction.atomic():
        found = rows.filter(UNFINISHED).select_related("event").order_by("pk")
        locked = list(found.select_for_update(of=("self",), no_key=True))
        in_flight = [row for row in locked if row.status == Status.PROCESSING]
        waiting = [row for row in locked if row.status != Status.PROCESSING]
        called_off = [row for row in waiting if can_be_called_off(row)]
        ended = [row for row in waiting if not can_be_called_off(row)]
        _call_off(called_off)
        _update(in_flight, cancel_asked_at=now)
        _update(ended, **_end(by=by, now=now))
    for row in locked:
        log.info("cancel_asked", delivery_id=row.pk, event_id=row.event_id)
    return Canceled(len(ended), len(called_off), len(in_flight))


def _end(*, by: str, now: datetime) -> dict[str, Any]:
    return {
        "status": Status.CANCELED,
        "held_reason": "",
        "held_at": None,
        "completed_at": now,
        "reason": "canceled_by_person",
        "last_error": f"{by} canceled this delivery."[:500],
    }


def _call_off(rows: Iterable[Delivery]) -> None:
    """Back as the replays found them; those that nothing moved go together."""
    alike: dict[str, list[Delivery]] = {}
    for row in rows:
        if row.progress:
            _update([row], **as_found(row))
        else:
            alike.setdefault(row.status_before, []).append(row)
    for same in alike.values():
        _update(same, **as_found(same[0]))


def _update(rows: list[Delivery], **changes: Any) -> None:
    for start in range(0, len(rows), CHUNK):
        keys = [row.pk for row in rows[start : start + CHUNK]]
        Delivery.objects.filter(pk__in=keys).update(**changes)
