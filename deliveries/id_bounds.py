"""Between which ids the rows of a period lie, so that long scans can start and end there.

Why: history has no index on time, but its ids are in the order of acceptance;
rows that were stored a little out of order are within the slack.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

from django.db.models import QuerySet

SLACK = timedelta(hours=1)
EXACTLY = timedelta(0)
PLACE = ("pk", "created_at")


def newest_id(rows: QuerySet[Any]) -> int:
    """The highest id of the rows, 0 when there are none."""
    return int(rows.order_by("-pk").values_list("pk", flat=True).first() or 0)


def before_oldest(rows: QuerySet[Any]) -> int:
    """The id right below the lowest one of the rows, 0 when there are none."""
    oldest = rows.order_by("pk").values_list("pk", flat=True).first()
    return int(oldest or 1) - 1


def id_before(
    rows: QuerySet[Any],
    moment: datetime,
    *,
    slack: timedelta = SLACK,
    near: timedelta = EXACTLY,
) -> int:
    """An id at or below which every row is older than the moment.

    Shape: with `near` it ends as soon as the rows on both sides lie no further apart.
    """
    return _around(rows, moment - slack, near)[0]


def id_after(
    rows: QuerySet[Any],
    moment: datetime,
    *,
    slack: timedelta = SLACK,
    near: timedelta = EXACTLY,
) -> int:
    """An id at or below which every row older than the moment lies; `near` as above."""
    return _around(rows, moment + slack, near)[1]


def _around(rows: QuerySet[Any], moment: datetime, near: timedelta) -> tuple[int, int]:
    """Ids on both sides of the moment: up to the first all is older, beyond the second nothing.

    Why: events come so evenly that guessing by the time gets there in a third of the steps;
    every third step halves what is left, whatever the history looks like.
    """
    first, last = _ends(rows)
    if first is None or last is None:
        return 0, 0
    (low, low_at), (high, high_at) = first, last
    if low_at >= moment:
        return low - 1, low - 1
    if high_at < moment:
        return high, high
    high -= 1
    sides = cycle([-near / 4, near / 4, None])
    while low < high and high_at - low_at > near:
        side = next(sides)
        share = 0.5 if side is None else (moment + side - low_at) / (high_at - low_at)
        middle = low + int((high - low) * min(max(share, 0.0), 1.0))
        middle = min(middle, high - 1)
        following = rows.filter(pk__gt=middle).order_by("pk").values_list(*PLACE).first()
        if following is not None and following[1] < moment:
            low, low_at = following
        else:
            high, high_at = middle, following[1] if following else high_at
    return low, max(low, high)


def _ends(rows: QuerySet[Any]) -> tuple[tuple[int, datetime] | None, ...]:
    """Id and time of the first row and of the last one."""
    return tuple(rows.order_by(order).values_list(*PLACE).first() for order in ("pk", "-pk"))
