"""The canary: an event of our own that goes the whole way every few minutes.

It is posted through the endpoint, matched, claimed and delivered as any other, to a
destination that needs no network. Its rows go when the next one is sent. What tells of it
is how long ago one arrived, which also shows when nobody is left to send any.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from connections.clock import database_now
from deliveries.canary_rows import key_of_canary
from deliveries.canary_sending import send
from deliveries.models import Canary, Delivery, Event, Status
from meshes.hidden import CANARY_WORKSPACE

ONLY = 1
CREATED = 201
SHORTEST_S = 60
EARLY_S = 30
"""The housekeeping looks once a minute, and not to the second."""

RED_AFTER = 3
"""So many periods without an arrival are no accident."""

ADVICE = "The operator runs: python manage.py doctor"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Green:
    """An arrival: when it was, and how long it took from the endpoint to the record."""

    at: datetime
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How the canary stands.

    Shape: `new` until one may be missed; `green` is the last arrival, None before the first;
    `trouble` a sentence about the last one that did not arrive, '' when nothing is known.
    """

    state: Literal["off", "new", "green", "red"]
    green: Green | None = None
    trouble: str = ""


def period() -> timedelta:
    """The time between two canaries; nothing when there are none."""
    every = int(settings.CANARY_EVERY_S)
    return timedelta(seconds=max(every, SHORTEST_S) if every > 0 else 0)


def last_green() -> Green | None:
    """The last arrival, None when there never was one; one query."""
    row = _row()
    return _green(row) if row else None


def standing(now: datetime) -> Standing:
    """How the canary stands, by one query, or none while it is off."""
    every = period()
    if not every:
        return Standing("off")
    row = _row()
    if row is None:
        return Standing("new")
    green = _green(row)
    quiet = now - (green.at if green else row.begun_at)
    if quiet >= RED_AFTER * every:
        return Standing("red", green, row.trouble)
    return Standing("green" if green else "new", green, row.trouble)


def go_round() -> None:
    """See what became of the last canary, take its rows away and send the next, when it is time."""
    if not period():
        _clear()
        return
    now = database_now()
    if _is_our_turn(now):
        arrived = _clear()
        status = send(key_of_canary())
        _note(arrived=arrived, status=status)
        _tell(now)


def _row() -> Any:
    """The row, None before the first round, with the arrival whose own rows are still there."""
    here = Delivery.objects.filter(workspace=CANARY_WORKSPACE, status=Status.COMPLETED)
    newest = here.order_by("-pk")
    return Canary.objects.annotate(
        sent=Subquery(newest.values("created_at")[:1]),
        arrived=Subquery(newest.values("completed_at")[:1]),
    ).first()


def _green(row: Any) -> Green | None:
    if row.arrived is not None:
        return Green(row.arrived, _milliseconds(row.arrived - row.sent))
    return Green(row.green_at, row.latency_ms or 0) if row.green_at else None


def _is_our_turn(now: datetime) -> bool:
    """Whether it is time, and this process the one to do it."""
    if not Canary.objects.exists():
        Canary.objects.bulk_create([Canary(pk=ONLY, begun_at=now)], ignore_conflicts=True)
    before = now - period() + timedelta(seconds=EARLY_S)
    due = Q(sent_at__isnull=True) | Q(sent_at__lte=before)
    return Canary.objects.filter(due, pk=ONLY).update(sent_at=now) == 1


def _clear() -> bool:
    """Whether no canary is left that did not arrive; an arrival is noted before its rows go.

    Why: one in hand of a worker stays until the next round, so that nothing is
    taken from under an attempt.
    """
    with transaction.atomic():
        here = Delivery.objects.filter(workspace=CANARY_WORKSPACE)
        rows: list[Any] = list(here.select_for_update(skip_locked=True).order_by("pk"))
        arrived = [row for row in rows if row.status == Status.COMPLETED]
        if arrived:
            last = arrived[-1]
            took = _milliseconds(last.completed_at - last.created_at)
            Canary.objects.update(green_at=last.completed_at, latency_ms=took)
        ended = [row.pk for row in rows if row.status != Status.PROCESSING]
        Delivery.objects.filter(pk__in=ended).delete()
        theirs = Delivery.objects.filter(event=OuterRef("pk"))
        events = Event.objects.filter(~Exists(theirs), workspace=CANARY_WORKSPACE)
        events.delete()
    return len(arrived) == len(rows)


def _note(*, arrived: bool, status: int) -> None:
    trouble = "" if arrived else "The one before was not delivered in time."
    if status != CREATED:
        trouble = f"The endpoint answered the last one with {status}."
        log.error("canary_refused", status=status)
    Canary.objects.filter(pk=ONLY).update(trouble=trouble)


def _tell(now: datetime) -> None:
    found = standing(now)
    if found.state == "red":
        since = found.green.at.isoformat() if found.green else ""
        log.error("canary_red", last_green=since, trouble=found.trouble)


def _milliseconds(took: timedelta) -> int:
    return max(0, round(took.total_seconds() * 1000))
