"""Events as counted by the hour, and rhythms in which they come, without the events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from deliveries.event_hours import PLACES, place_of
from deliveries.models import EventHour
from meshes.models import Workspace

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday."""


def make_hour(workspace: Workspace, hour: datetime, **over: Any) -> EventHour:
    """The count of one combination in one hour: one accepted event unless you say otherwise."""
    given: dict[str, Any] = {"event": "page.completed", "resource": "global", "accepted": 1, **over}
    row = EventHour(workspace=workspace, hour=hour, **given)
    row.place = place_of(*(getattr(row, name) for name in PLACES))
    row.save()
    return row


def rhythm(
    count: Callable[[datetime], int], *, until: datetime, days: int = 21
) -> dict[datetime, int]:
    """What came in each hour of so many days up to a moment."""
    hours = (until - HOUR * back for back in range(1, days * 24 + 1))
    return {hour: number for hour in hours if (number := count(hour))}


def office(hour: datetime) -> int:
    """Five an hour on workdays from nine to five."""
    return 5 if hour.weekday() < 5 and 9 <= hour.hour < 17 else 0
