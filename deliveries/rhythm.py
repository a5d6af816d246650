"""Whether something that usually comes has stopped, judged by its own usual rhythm.

Pure: counts by the hour go in. It is careful: an event is silent only when it came on most
days, when its pause is well beyond its longest one, and when enough should have come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
BASE = timedelta(days=14)
DAYS_MIN = 10
"""On so many of the last 14 days before the silence it came."""

EXPECTED_MIN = 12
"""So many should have come meanwhile, going by the same hours of the two weeks before.

Why: were events to come by chance, none of twelve would be missing once in 160,000 times.
"""

PAUSES = 1.5
"""The silence is so many times as long as the longest pause of those 14 days."""

LEAST = timedelta(hours=3)
TOLD_WITHIN = WEEK
"""A silence is opened within a week; what is silent for longer than that is the rhythm."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A rhythm that broke off.

    Shape: `last` is the end of the hour in which it came last; `pause` was the
    longest one before, `expected` how many should have come since.
    """

    last: datetime
    pause: timedelta
    expected: int


def silence_in(hours: Mapping[datetime, int], *, now: datetime) -> Silence | None:
    """The silence after the last of these hours, None while all may be well.

    Shape: `hours` maps the beginning of each hour in which something came to how much.
    """
    came = sorted(hour for hour, count in hours.items() if count)
    if not came or not may_be_silent(came[-1], now=now):
        return None
    newest = came[-1]
    base = [hour for hour in came if hour > newest - BASE]
    days = {(newest - hour) // timedelta(days=1) for hour in base}
    pause = max((after - before - HOUR for before, after in pairwise(base)), default=BASE)
    silent = now - (newest + HOUR)
    if len(days) < DAYS_MIN or silent <= PAUSES * pause:
        return None
    expected = _expected(hours, since=newest + HOUR, until=now)
    return Silence(newest + HOUR, pause, expected) if expected >= EXPECTED_MIN else None


def may_be_silent(newest: datetime, *, now: datetime) -> bool:
    """Whether what came last in this hour could be told to be silent, going by time alone."""
    return LEAST <= now - (newest + HOUR) <= TOLD_WITHIN


def _expected(hours: Mapping[datetime, int], *, since: datetime, until: datetime) -> int:
    """How many came in the same hours of the two weeks before, on the average."""
    total, hour = 0, since
    while hour + HOUR <= until:
        total += hours.get(hour - WEEK, 0) + hours.get(hour - 2 * WEEK, 0)
        hour += HOUR
    return total // 2
