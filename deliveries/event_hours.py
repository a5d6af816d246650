"""Hourly counts of events by what rules can ask for, and how far they got; made by a worker.

An hour is replaced by a new count while all its rows are there, so that what happens
later shows; an hour from which retention may have removed rows stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count

from deliveries import stages
from deliveries.id_bounds import id_after, id_before
from deliveries.models import Event, EventHour
from deliveries.rollups import AT_ONCE, HOUR, OLDER_HOURS, hour_of
from meshes.hidden import shown
from meshes.models import Workspace

PLACES = ("event", "resource", "resource_id", "page_id", "sequence_step")
STAGES = ("accepted", "matched", "delivered", "confirmed")
KEY = ("workspace", "hour", "place")
FAR_HOURS = 8 * 7 * 24 - OLDER_HOURS
"""Hours before those, up to eight weeks ago: a replay or a look into the account may come late."""


def count_hours(now: datetime, *, until: float, kept_since: datetime | None) -> int:
    """How many hours were counted again: this one, the last, and two that are older.

    Units: `until` is a reading of `time.monotonic`.
    """
    counted = 0
    for hour in _turns(now):
        if time.monotonic() < until and (kept_since is None or hour >= kept_since):
            count_hour(hour)
            counted += 1
    return counted


def count_hour(hour: datetime) -> None:
    """Replace the counts of this hour in every workspace."""
    rows = sorted(_rows(hour), key=_order)  # one order, so that two writers never lock up
    with transaction.atomic():
        everywhere = Workspace.objects.values("pk")
        EventHour.objects.filter(workspace__in=everywhere, hour=hour).delete()
        EventHour.objects.bulk_create(
            rows,
            batch_size=AT_ONCE,
            update_conflicts=True,
            unique_fields=KEY,
            update_fields=STAGES,
        )


def _turns(now: datetime) -> Iterator[datetime]:
    this, minute = hour_of(now), int(now.timestamp() // 60)
    yield this
    yield this - HOUR
    yield this - HOUR * (2 + minute % OLDER_HOURS)
    yield this - HOUR * (2 + OLDER_HOURS + minute % FAR_HOURS)


def _rows(hour: datetime) -> list[EventHour]:
    events = Event.objects.filter(
        shown(),
        pk__gt=id_before(Event.objects.all(), hour),
        pk__lte=id_after(Event.objects.all(), hour + HOUR),
        created_at__gte=hour,
        created_at__lt=hour + HOUR,
        is_test=False,
    )
    figures: dict[str, Any] = {
        "accepted": Count("pk"),
        "matched": Count("pk", filter=stages.matched()),
        "delivered": Count("pk", filter=stages.delivered()),
        "confirmed": Count("pk", filter=stages.confirmed()),
    }
    found = events.order_by().values("workspace_id", *PLACES).annotate(**figures)
    return [EventHour(hour=hour, place=place_of(*map(row.get, PLACES)), **row) for row in found]


def place_of(*texts: Any) -> str:
    """A digest of an event's name, resource, resource id, page and step, or of some of them."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _order(row: EventHour) -> tuple[str, str]:
    return str(row.workspace_id), row.place
