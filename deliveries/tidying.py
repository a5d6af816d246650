"""Removes rows beside the history that nobody asks for any more, in small slices."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from deliveries.models import Alert, BackgroundJob, BooksCheck, Delivery
from deliveries.retention import kept_since

SLICE = 500
RECOUNTS_KEPT = timedelta(days=30)


def remove_by_the_way(now: datetime, *, until: float) -> int:
    """How many recounts, alerts that are over and jobs that have ended went.

    Shape: a job stays while a delivery names it. Units: `until` is a reading
    of `time.monotonic`, after which no slice begins.
    """
    removed = 0
    for rows in _old(now):
        while time.monotonic() < until:
            gone = remove_slice(rows)
            removed += gone
            if gone < SLICE:
                break
    return removed


def remove_slice(rows: QuerySet[Any], *, most: int = SLICE) -> int:
    """How many of the first rows went; the rows must be ones that nothing points to."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:most])
    if not keys:
        return 0
    removed, _ = rows.filter(pk__in=keys).delete()
    return removed


def _old(now: datetime) -> Iterable[QuerySet[Any]]:
    yield BooksCheck.objects.filter(checked_at__lt=now - RECOUNTS_KEPT)
    cut = kept_since(now)
    if cut is not None:
        # Says again what the partial index holds, as SQLite uses it only then.
        named = Delivery.objects.filter(job=OuterRef("pk"), job__isnull=False)
        yield Alert.objects.filter(resolved_at__lt=cut)
        yield BackgroundJob.objects.filter(~Exists(named), finished_at__lt=cut)
