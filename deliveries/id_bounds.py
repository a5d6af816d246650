"""Between which ids the rows of a period lie, so that long scans can start and end there.

Why: history has no index on time, but its ids are in the order of acceptance;
rows that were stored a little out of order are within the slack.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

SLACK = timedelta(hours=1)


def newest_id(rows: QuerySet[Any]) -> int:
    """The highest id of the rows, 0 when there are none."""
    return int(rows.order_by("-pk").values_list("pk", flat=True).first() or 0)


def before_oldest(rows: QuerySet[Any]) -> int:
    """The id right below the lowest one of the rows, 0 when there are none."""
    oldest = rows.order_by("pk").values_list("pk", flat=True).first()
    return int(oldest or 1) - 1


def id_before(rows: QuerySet[Any], moment: datetime, *, slack: timedelta = SLACK) -> int:
    """An id at or below which every row is older than the moment, by bisection."""
    return _last_older(rows, moment - slack)


def id_after(rows: QuerySet[Any], moment: datetime, *, slack: timedelta = SLACK) -> int:
    """An id at or below which every row older than the moment lies."""
    return _last_older(rows, moment + slack)


def _last_older(rows: QuerySet[Any], moment: datetime) -> int:
    low, high = before_oldest(rows), newest_id(rows)
    while low < high:
        middle = (low + high) // 2
        following = rows.filter(pk__gt=middle).order_by("pk").values_list("pk", "created_at")
        pk, created_at = following[0]
        if created_at < moment:
            low = pk
        else:
            high = middle
    return low
