"""Between which ids the rows of a period lie, so that long scans can start and end there.

Why: history has no index on time, but its ids are in the order of acceptance;
rows that were stored a little out of order are within the slack.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

SLACK = timedelta(hours=1)
EXACTLY = timedelta(0)


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
    """An id at or below which every row is older than the moment, by bisection.

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
    """Ids on both sides of the moment: up to the first all is older, beyond the second nothing."""
    low, high = before_oldest(rows), newest_id(rows)
    low_at = high_at = None
    while low < high:
        middle = (low + high) // 2
        following = rows.filter(pk__gt=middle).order_by("pk").values_list("pk", "created_at")
        pk, created_at = following[0]
        if created_at < moment:
            low, low_at = pk, created_at
        else:
            high, high_at = middle, created_at
        if low_at and high_at and high_at - low_at <= near:
            break
    return low, max(low, high)
