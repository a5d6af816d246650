"""Removes history that is older than DELIVERY_RETENTION_DAYS, a small slice at a time.

An event goes with all that belongs to it or not at all, and what is not finished stays.
What is removed is added to the hourly counts in the same transaction, and what the
tallies have not counted yet stays until they have.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction

from deliveries import rollups, tallies
from deliveries.claiming import TABLE, UNFINISHED_SQL, as_parameter
from deliveries.id_bounds import id_after
from deliveries.models import Attempt, BackgroundJob, Delivery, Event, Status, Trial
from deliveries.rollups import RemovedDelivery, RemovedEvent

EVENTS = Event._meta.db_table
ATTEMPTS = Attempt._meta.db_table
JOBS = BackgroundJob._meta.db_table
TRIALS = Trial._meta.db_table


@dataclass(frozen=True, slots=True)
class Strides:
    """How much is done at once, and how long a break follows.

    Shape: so many events are looked at to find the `events` of a slice, which
    ends before it holds more `deliveries`, so that its transaction stays short.
    Units: `rest` is a multiple of what the slice took.
    """

    window: int
    events: int
    deliveries: int
    rest: float


# On SQLite a transaction keeps all other writers waiting; on PostgreSQL it is in nobody's way.
STRIDES = {
    "sqlite": Strides(window=200, events=60, deliveries=200, rest=1.0),
    "postgresql": Strides(window=1_000, events=500, deliveries=1_500, rest=0.25),
}

LOOK_AGAIN_S = 3_600.0
"""How long this process skips events that it has seen staying."""

UNENDED = (Status.PENDING, Status.PROCESSING, Status.RETRYING)
OPEN_JOBS = [BackgroundJob.State.RUNNING, BackgroundJob.State.PAUSED]
# The window comes first, so that no planner thinks of reading all deliveries at once.
WINDOW_SQL = f"""
SELECT e.id, e.total_rules, EXISTS (
  SELECT 1 FROM {TABLE} d WHERE d.event_id = e.id AND ({UNFINISHED_SQL.format("d")}
  OR d.job_id IN (SELECT j.id FROM {JOBS} j WHERE j.state IN ('running', 'paused'))))
FROM (
  SELECT id, total_rules FROM {EVENTS} WHERE id > %s AND id <= %s AND created_at < %s
  ORDER BY id LIMIT %s) AS e
ORDER BY e.id
"""  # noqa: S608

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Place:
    """Up to where this process has looked, and until when that holds."""

    after: int = 0
    until: float = 0.0


_place = _Place()


def kept_since(now: datetime) -> datetime | None:
    """The moment before which history may be removed; None when it is kept for ever."""
    days = int(settings.DELIVERY_RETENTION_DAYS)
    return now - timedelta(days=days) if days > 0 else None


def remove_old(now: datetime, *, until: float) -> int:
    """How many events went, with their deliveries and attempts.

    Units: `until` is a reading of `time.monotonic`, after which no slice begins.
    """
    cut = kept_since(now)
    if cut is None:
        return 0
    tallies.count_on(now, until=until)
    last = min(id_after(Event.objects.all(), cut), tallies.counted_events())
    after, removed = _begin(), 0
    while time.monotonic() < until:
        began = time.monotonic()
        ids, after, over = _slice(after, last, cut)
        if over:
            break
        removed += _remove(ids) if ids else 0
        _place.after = after
        time.sleep(min(_strides().rest * (time.monotonic() - began), 1.0))
    if removed:
        log.info("history_removed", events=removed)
    return removed


def start_over() -> None:
    """Look at the oldest event first next time."""
    _place.after, _place.until = 0, 0.0


def _strides() -> Strides:
    return STRIDES[connection.vendor]


def _begin() -> int:
    if time.monotonic() >= _place.until:
        _place.after, _place.until = 0, time.monotonic() + LOOK_AGAIN_S
    return _place.after


def _slice(after: int, last: int, cut: datetime) -> tuple[list[int], int, bool]:
    """The next events that may go, the id to look beyond next time, and whether that is all."""
    strides = _strides()
    with connection.cursor() as cursor:
        cursor.execute(WINDOW_SQL, [after, last, as_parameter(cut), strides.window])
        rows = cursor.fetchall()
    ids: list[int] = []
    room = strides.deliveries
    for pk, total, stays in rows:
        if not stays:
            if ids and (len(ids) == strides.events or total > room):
                break
            ids.append(pk)
            room -= total
        after = pk
    return ids, after, not rows


def _remove(ids: Collection[int]) -> int:
    """Remove those of the events that nobody works on and that have ended."""
    with transaction.atomic():
        events = _locked_events(ids)
        deliveries, stay = _locked_deliveries([event.id for event in events])
        events = [event for event in events if event.id not in stay]
        deliveries = [row for row in deliveries if row.event_id not in stay]
        if events:
            rollups.add_removed(events, deliveries)
            keys = [row.id for row in deliveries]
            _delete(ATTEMPTS, "delivery_id", keys)
            _delete(TABLE, "id", keys)
            _delete(TRIALS, "event_id", [event.id for event in events])
            _delete(EVENTS, "id", [event.id for event in events])
    return len(events)


def _locked_events(ids: Collection[int]) -> list[RemovedEvent]:
    names = ("id", "workspace_id", "created_at", "total_rules")
    rows = Event.objects.select_for_update(skip_locked=True).filter(pk__in=ids).order_by("pk")
    return [RemovedEvent(*row) for row in rows.values_list(*names)]


def _locked_deliveries(ids: Collection[int]) -> tuple[list[RemovedDelivery], set[int]]:
    """The events' deliveries, and the events that stay.

    Why: one whose row somebody else holds is being replayed just now.
    """
    names = ("id", "event_id", "rule_id", "status", "job_id")
    rows = Delivery.objects.filter(event__in=ids).order_by("pk")
    ours = set(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
    found = [RemovedDelivery(*row) for row in rows.values_list(*names)]
    jobs = {row.job_id for row in found if row.job_id}
    open_ = set(
        BackgroundJob.objects.filter(pk__in=jobs, state__in=OPEN_JOBS).values_list("pk", flat=True)
    )
    return found, {
        row.event_id
        for row in found
        if row.id not in ours or row.status in UNENDED or row.job_id in open_
    }


def _delete(table: str, column: str, keys: Iterable[Any]) -> None:
    values = list(keys)
    if not values:
        return
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", values)  # noqa: S608
