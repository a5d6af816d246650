"""Hourly counts: of what is there, counted again and again, and of what retention removed.

A measure that begins with `removed.` is only ever added to, in the transaction that
removes the rows; every other one is replaced by a new count while all its rows are there.
Test events count only among what was removed, which proves the books of all rows; the
canary counts nowhere.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Q

from deliveries.claiming import as_parameter, as_uuid
from deliveries.id_bounds import id_after, id_before
from deliveries.models import Delivery, Event, Rollup, Status
from meshes.hidden import shown
from meshes.models import Workspace

ACCEPTED, MATCHED, UNMATCHED, DELIVERIES = "accepted", "matched", "unmatched", "deliveries"
REMOVED = "removed."
ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELED)
LIVE = (ACCEPTED, MATCHED, UNMATCHED, *(f"{DELIVERIES}.{status}" for status in Status.values))
HOUR = timedelta(hours=1)
OLDER_HOURS = 120
"""Retries end within these hours, so that each is counted again until nothing moves in it."""

AT_ONCE = 500
_INSERT = """
INSERT INTO deliveries_rollup
(workspace_id, hour, measure, rule_key, resource_id, page_id, sequence_step, count)
VALUES {rows}
ON CONFLICT (workspace_id, hour, measure, rule_key, resource_id, page_id, sequence_step)
DO UPDATE SET count = {count}
"""
_ADDED = "deliveries_rollup.count + excluded.count"
_REPLACED = "excluded.count"


@dataclass(frozen=True, slots=True)
class RemovedEvent:
    """What the hourly counts need of an event that goes."""

    id: int
    workspace_id: UUID
    created_at: datetime
    total_rules: int


@dataclass(frozen=True, slots=True)
class RemovedDelivery:
    """What the hourly counts need of a delivery that goes."""

    id: int
    event_id: int
    rule_id: UUID
    status: str
    job_id: int | None


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a row counts."""

    workspace_id: UUID
    hour: datetime
    measure: str
    rule_key: str = ""
    resource_id: str = ""
    page_id: str = ""
    sequence_step: str = ""


def hour_of(moment: datetime) -> datetime:
    """The beginning of the moment's hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def add_removed(events: Iterable[RemovedEvent], deliveries: Iterable[RemovedDelivery]) -> None:
    """Count what the caller removes in this transaction, by the hour of the event."""
    found: Counter[Key] = Counter()
    of_event = {event.id: event for event in events}
    for event in of_event.values():
        hour = hour_of(event.created_at)
        matched = MATCHED if event.total_rules else UNMATCHED
        for measure in (ACCEPTED, matched):
            found[Key(event.workspace_id, hour, REMOVED + measure)] += 1
    for row in deliveries:
        event = of_event[row.event_id]
        for measure in (DELIVERIES, row.status):
            hour, rule = hour_of(event.created_at), str(row.rule_id)
            found[Key(event.workspace_id, hour, REMOVED + measure, rule)] += 1
    _write(found, _ADDED)


def count_hours(now: datetime, *, until: float, kept_since: datetime | None) -> int:
    """How many hours were counted again: this one, the last, and one that is older.

    Shape: an hour from which retention may have removed rows is left as it
    is. Why: deliveries go on for days, so each minute another older hour has
    its turn. Units: `until` is a reading of `time.monotonic`.
    """
    this = hour_of(now)
    hours = (this, this - HOUR, this - HOUR * (2 + int(now.timestamp() // 60) % OLDER_HOURS))
    counted = 0
    for hour in hours:
        if time.monotonic() < until and (kept_since is None or hour >= kept_since):
            _count_hour(hour)
            counted += 1
    return counted


def _count_hour(hour: datetime) -> None:
    found = _counts(hour)
    with transaction.atomic():
        everywhere = Workspace.objects.values("pk")
        Rollup.objects.filter(workspace__in=everywhere, hour=hour, measure__in=LIVE).delete()
        _write(found, _REPLACED)


def _counts(hour: datetime) -> Counter[Key]:
    low, high = _ids(hour)
    events = Event.objects.filter(_within(hour), shown(), pk__gt=low, pk__lte=high, is_test=False)
    own = ("workspace_id", "resource_id", "page_id", "sequence_step")
    found: Counter[Key] = Counter()
    figures = {
        ACCEPTED: Count("pk"),
        MATCHED: Count("pk", filter=Q(total_rules__gt=0)),
        UNMATCHED: Count("pk", filter=Q(total_rules=0)),
    }
    for row in events.values(*own).order_by().annotate(**figures):
        for measure in figures:
            found[Key(hour=hour, measure=measure, **{name: row[name] for name in own})] += row[
                measure
            ]
    found.update(_delivery_counts(hour, low=low, high=high))
    return Counter({key: number for key, number in found.items() if number})


def _delivery_counts(hour: datetime, *, low: int, high: int) -> Counter[Key]:
    within = _within(hour, "event__")
    real = Delivery.objects.filter(within, shown(), event__gt=low, event__lte=high, is_test=False)
    rows = real.values(
        "workspace_id", "rule_id", "status", "event__resource_id", "page_id", "event__sequence_step"
    )
    found: Counter[Key] = Counter()
    for row in rows.order_by().annotate(n=Count("pk")):
        key = Key(
            row["workspace_id"],
            hour,
            f"{DELIVERIES}.{row['status']}",
            str(row["rule_id"]),
            row["event__resource_id"],
            row["page_id"],
            row["event__sequence_step"],
        )
        found[key] += row["n"]
    return found


def _within(hour: datetime, prefix: str = "") -> Q:
    name = f"{prefix}created_at"
    return Q(**{f"{name}__gte": hour, f"{name}__lt": hour + HOUR})


def _ids(hour: datetime) -> tuple[int, int]:
    """Between which ids the hour's events lie, so that only they are read."""
    events = Event.objects.all()
    return id_before(events, hour), id_after(events, hour + HOUR)


def _write(counts: Mapping[Key, int], count: str) -> None:
    keys = sorted(counts)  # always in one order, so that two writers wait but never lock up
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        rows = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * len(some))
        values = [value for key in some for value in (*_columns(key), counts[key])]
        with connection.cursor() as cursor:
            cursor.execute(_INSERT.format(rows=rows, count=count), values)


def _columns(key: Key) -> tuple[Any, ...]:
    places = (key.rule_key, key.resource_id, key.page_id, key.sequence_step)
    return (as_uuid(key.workspace_id), as_parameter(key.hour), key.measure, *places)
