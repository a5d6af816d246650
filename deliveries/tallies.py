"""Counts that only ever grow, of what came in and what became of it; made by a worker.

Rows are counted once, in the order of their ids and some time after they were written, so
that neither a row that appears late nor retention makes a count go back. The canary counts nowhere.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, F
from django.utils import timezone

from deliveries.models import Attempt, Delivery, Event, Status, Tally, TallyPlace, Trigger
from meshes.hidden import CANARY_WORKSPACE, shown

ACCEPTED, MATCHED, PLANNED = "accepted", "matched", "planned"
ATTEMPTS, ENDED, LATENCY = "attempts", "ended", "latency"
BOUNDS_MS = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)
"""What attempts are sorted by that took so long at most; a call has 30 s."""

BEYOND = "more"
EVENTS_SETTLE = timedelta(seconds=60)
ATTEMPTS_SETTLE = timedelta(seconds=10)
"""Rows younger than this wait, as one with a lower id may still be about to appear."""

AT_ONCE = 5_000
EVERY_S, SWEEP_S = 5.0, 0.5
_next = {"at": 0.0}

ADD_SQL = f"""
INSERT INTO {Tally._meta.db_table}
(measure, workspace_key, account_key, kind, detail, count, amount) VALUES {{rows}}
ON CONFLICT (measure, workspace_key, account_key, kind, detail) DO UPDATE SET
count = {Tally._meta.db_table}.count + excluded.count,
amount = {Tally._meta.db_table}.amount + excluded.amount
"""  # noqa: S608
EVENT = ("pk", "workspace_id", "total_rules", "is_test", "created_at")


class Key(NamedTuple):
    """What a tally counts."""

    measure: str
    workspace: str = ""
    account: int = 0
    kind: str = ""
    detail: str = ""


class Tried(NamedTuple):
    """What is asked of an attempt; the names are the columns."""

    pk: int
    outcome: str
    trigger: str
    reason: str
    number: int
    duration_ms: int | None
    started_at: datetime
    delivery__workspace_id: UUID
    delivery__account_id: int
    delivery__status: str
    delivery__attempt_count: int
    delivery__is_test: bool


class Found:
    """Counts and milliseconds that are about to be added."""

    def __init__(self) -> None:
        self.counts: Counter[Key] = Counter()
        self.amounts: defaultdict[Key, int] = defaultdict(int)

    def add(self, key: Key, count: int = 1, *, amount: int = 0) -> None:
        """So many more of this."""
        self.counts[key] += count
        self.amounts[key] += amount


def sweep() -> None:
    """Count what is new, every few seconds; an upgrade's long history a little at a time."""
    if time.monotonic() >= _next["at"]:
        _next["at"] = time.monotonic() + EVERY_S
        count_on(timezone.now(), until=time.monotonic() + SWEEP_S)


def count_on(now: datetime, *, until: float) -> None:
    """Count events and attempts that were stored since the last time.

    Units: `until` is a reading of `time.monotonic`, after which no slice begins.
    """
    for step in (_count_events, _count_attempts):
        while time.monotonic() < until and step(now):
            continue


def counted_events() -> int:
    """The id up to which events have been counted."""
    return _place("events").counted_id


def bound_of(duration_ms: int) -> str:
    """The bound that sorts an attempt which took so long."""
    return next((str(bound) for bound in BOUNDS_MS if duration_ms <= bound), BEYOND)


def _count_events(now: datetime) -> bool:
    """Whether a whole slice was counted, so that there may be more."""
    place = _place("events")
    rows = Event.objects.filter(pk__gt=place.counted_id).order_by("pk").values_list(*EVENT)
    settled = list(takewhile(lambda row: row[-1] < now - EVENTS_SETTLE, rows[:AT_ONCE]))
    if not settled:
        return False
    found, last = Found(), settled[-1][0]
    for _, workspace, total, is_test, _ in settled:
        if not is_test and workspace != CANARY_WORKSPACE:
            found.add(Key(ACCEPTED, str(workspace)))
            found.add(Key(MATCHED, str(workspace)), int(total > 0))
            found.add(Key(PLANNED, str(workspace)), total)
    _add_refused(found, after=place.counted_id, last=last)
    return _write(place, found, last=last) and len(settled) == AT_ONCE


def _add_refused(found: Found, *, after: int, last: int) -> None:
    """Count deliveries that intake could not address, so that no attempt tells of them."""
    refused = Delivery.objects.filter(
        shown(),
        event__gt=after,
        event__lte=last,
        status=Status.FAILED,
        attempt_count=0,
        is_test=False,
    )
    groups = refused.order_by().values_list("workspace_id", "account_id", "reason")
    for workspace, account, reason, number in groups.annotate(n=Count("pk")):
        found.add(Key(ENDED, str(workspace), account, Status.FAILED, reason), number)


def _count_attempts(now: datetime) -> bool:
    """Whether a whole slice was counted, so that there may be more."""
    place = _place("attempts")
    rows = _tried(pk__gt=place.counted_id)[:AT_ONCE]
    settled = list(takewhile(lambda row: row.started_at < now - ATTEMPTS_SETTLE, rows))
    late = list(_tried(pk__in=place.open_ids)) if place.open_ids else []
    ended = [row for row in (*late, *settled) if row.outcome and row.trigger != Trigger.CANARY]
    if not settled and not ended:
        return False
    found = Found()
    for row in ended:
        _add_attempt(found, row)
    left = [row.pk for row in (*late, *settled) if not row.outcome]
    last = settled[-1].pk if settled else place.counted_id
    return _write(place, found, last=last, left=left) and len(settled) == AT_ONCE


def _tried(**which: Any) -> Any:
    rows = Attempt.objects.filter(**which).order_by("pk")
    return rows.values_list(*Tried._fields, named=True)


def _add_attempt(found: Found, row: Tried) -> None:
    workspace, account = str(row.delivery__workspace_id), row.delivery__account_id
    found.add(Key(ATTEMPTS, workspace, account, row.trigger, row.outcome))
    if row.duration_ms is not None:
        key = Key(LATENCY, account=account, kind=bound_of(row.duration_ms))
        found.add(key, amount=row.duration_ms)
    over = row.delivery__status == Status.FAILED and row.number == row.delivery__attempt_count
    if row.delivery__is_test:
        return
    if row.outcome == "delivered":
        found.add(Key(ENDED, workspace, account, Status.COMPLETED))
    elif over:
        found.add(Key(ENDED, workspace, account, Status.FAILED, row.reason))


def _place(name: str) -> TallyPlace:
    return TallyPlace.objects.filter(pk=name).first() or TallyPlace(name=name)


def _write(place: TallyPlace, found: Found, *, last: int, left: Iterable[int] = ()) -> bool:
    """Whether the step is ours: another worker may have made the same one meanwhile."""
    to = {"counted_id": last, "open_ids": list(left), "turn": F("turn") + 1}
    with transaction.atomic():
        TallyPlace.objects.bulk_create([TallyPlace(name=place.name)], ignore_conflicts=True)
        ours = TallyPlace.objects.filter(pk=place.name, turn=place.turn).update(**to) == 1
        counts = {key: count for key, count in found.counts.items() if count}
        if ours and counts:
            _add(counts, found.amounts)
    return ours


def _add(counts: Mapping[Key, int], amounts: Mapping[Key, int]) -> None:
    rows = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(counts))
    values = [value for key in sorted(counts) for value in (*key, counts[key], amounts[key])]
    with connection.cursor() as cursor:
        cursor.execute(ADD_SQL.format(rows=rows), list(map(_plain, values)))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value
