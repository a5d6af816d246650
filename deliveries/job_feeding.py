"""Feeds the jobs that run in the background into the queue, a little at a time.

Any process may call it at any moment: a job has one feeder, and every step of
it is a short transaction under the job's lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q

from connections.clock import database_now
from deliveries.backfill_feeding import feed_backfill
from deliveries.models import BackgroundJob
from deliveries.replay_feeding import feed_replay

BUDGET_S = 0.8
LEASE_S = 10
MOST_JOBS = 50
FEEDERS: dict[str, Callable[..., int]] = {
    BackgroundJob.Kind.REPLAY: feed_replay,
    BackgroundJob.Kind.BACKFILL: feed_backfill,
}


def feed(now: datetime) -> int:
    """How many deliveries were set going in this call, which lasts about a second at most.

    Why: jobs take turns at being first, so that none waits for all the others.
    """
    running = BackgroundJob.objects.filter(state=BackgroundJob.State.RUNNING).order_by("pk")
    jobs = list(running.values_list("pk", "kind")[:MOST_JOBS])
    first = int(now.timestamp()) % len(jobs) if jobs else 0
    until, taken = time.monotonic() + BUDGET_S, 0
    for job_id, kind in jobs[first:] + jobs[:first]:
        if time.monotonic() < until and (lease := _lease(job_id)):
            try:
                taken += FEEDERS[kind](job_id, until=until, now=now)
            finally:
                BackgroundJob.objects.filter(pk=job_id, lease_until=lease).update(lease_until=None)
    return taken


def _lease(job_id: int) -> datetime | None:
    """Until when the job is this caller's to feed; None while it is another's."""
    now = database_now()
    until = now + timedelta(seconds=LEASE_S)
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    rows = BackgroundJob.objects.filter(free, pk=job_id, state=BackgroundJob.State.RUNNING)
    return until if rows.update(lease_until=until) else None
