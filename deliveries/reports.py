"""What the home page tells: how each workspace's onboarding has been doing, from hourly counts.

The counts are made by a worker every minute; what waits now is counted on the spot.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, Sum

from deliveries.models import NOT_COMPLETED_SQL, UNFINISHED, Delivery, Rollup
from deliveries.rollups import (
    ACCEPTED,
    DELIVERIES,
    HOUR,
    MATCHED,
    REMOVED,
    hour_of,
)
from deliveries.seeking import along_index
from deliveries.selecting import HELD
from meshes.models import Workspace

DAY = timedelta(days=1)
HOURS, DAYS = 24, 7
MEASURES = {
    "accepted": ACCEPTED,
    "matched": MATCHED,
    "delivered": f"{DELIVERIES}.completed",
    "failed": f"{DELIVERIES}.failed",
}

Hourly = Mapping[datetime, Counter[str]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is unfinished now. Shape: `oldest` is when the oldest one came that waits for nobody."""

    waiting: int = 0
    held: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A workspace's figures.

    Shape: `day` and `week` count by the names of `MEASURES`, the last 24
    hours and 7 days; `hours` and `days` the same in steps, oldest first.
    """

    workspace: Workspace
    day: Counter[str] = field(default_factory=Counter)
    week: Counter[str] = field(default_factory=Counter)
    hours: tuple[tuple[datetime, Counter[str]], ...] = ()
    days: tuple[tuple[datetime, Counter[str]], ...] = ()
    now: Waiting = field(default_factory=Waiting)


def reports(workspaces: Sequence[Workspace], *, now: datetime) -> list[Report]:
    """A report for each workspace, with two queries for all of them.

    Shape: a day ends now and begins 24 hours earlier, in whole hours.
    """
    ids = [workspace.pk for workspace in workspaces]
    hourly, waiting = _hourly(ids, now), _waiting(ids)
    return [
        _report(each, hourly[each.pk], waiting.get(each.pk, Waiting()), now) for each in workspaces
    ]


def _report(workspace: Workspace, hourly: Hourly, waiting: Waiting, now: datetime) -> Report:
    end = hour_of(now) + HOUR
    hours = [end - HOUR * back for back in range(HOURS, 0, -1)]
    days = [end - DAY * back for back in range(DAYS, 0, -1)]
    by_day = tuple((day, _sum(hourly[day + HOUR * n] for n in range(HOURS))) for day in days)
    by_hour = tuple((hour, hourly[hour]) for hour in hours)
    return Report(
        workspace=workspace,
        day=by_day[-1][1],
        week=_sum(count for _, count in by_day),
        hours=by_hour,
        days=by_day,
        now=waiting,
    )


def _hourly(ids: Sequence[UUID], now: datetime) -> dict[UUID, defaultdict[datetime, Counter[str]]]:
    """The counts of each workspace by the hour, whatever retention has removed included."""
    names = {measure: name for name, measure in MEASURES.items()}
    names |= {REMOVED + measure: name for name, measure in MEASURES.items()}
    since = hour_of(now) + HOUR - DAY * DAYS
    rows = Rollup.objects.filter(workspace__in=ids, hour__gte=since, measure__in=names)
    found = {pk: defaultdict[datetime, Counter[str]](Counter) for pk in ids}
    summed = rows.order_by().values_list("workspace", "hour", "measure").annotate(n=Sum("count"))
    for workspace, hour, measure, number in summed:
        found[workspace][hour][names[measure]] += number
    return found


def _waiting(ids: Sequence[UUID]) -> dict[UUID, Waiting]:
    """What each workspace has unfinished, from the indexes that hold nothing else."""
    free = Q(held_reason="")
    unfinished = Delivery.objects.filter(UNFINISHED, workspace__in=ids, is_test=False)
    rows = along_index(unfinished, NOT_COMPLETED_SQL)
    figures: dict[str, Any] = {
        "waiting": Count("pk", filter=free),
        "held": Count("pk", filter=HELD),
        "oldest": Min("created_at", filter=free),
    }
    found: Iterable[Any] = rows.order_by().values("workspace").annotate(**figures)
    return {row.pop("workspace"): Waiting(**row) for row in found}


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for count in counts:
        found += count
    return found
