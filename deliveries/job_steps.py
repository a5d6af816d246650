"""What feeding a replay and feeding a backfill have in common: windows, progress, the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Count

from deliveries.models import UNFINISHED, BackgroundJob, Delivery

log = structlog.get_logger(__name__)

State = BackgroundJob.State

WINDOW, WINDOW_S, WIDEST = 50, 10, 500
SLICE = 10_000
LOOKED_AT = 50
EVENTS = "events"
FIRST_ID = "first_id"


@dataclass(frozen=True, slots=True)
class Step:
    """What one short transaction did: rows set going, and whether nothing is left to look at."""

    taken: int
    over: bool


OVER = Step(0, over=True)


def window(requests_per_second: float) -> int:
    """How many of a job's deliveries may be in an account's queue at once."""
    return max(WINDOW, min(WIDEST, int(requests_per_second * WINDOW_S)))


def unfinished(job_id: int) -> Counter[int]:
    """The job's deliveries that were set going and have not ended, by account."""
    rows = Delivery.objects.filter(UNFINISHED, job=job_id).values("account").order_by()
    return Counter({row["account"]: row["n"] for row in rows.annotate(n=Count("pk"))})


def locked_job(job_id: int) -> BackgroundJob | None:
    """The running job, which nobody else switches or feeds until the transaction ends."""
    jobs = BackgroundJob.objects.select_for_update(no_key=True)
    return jobs.filter(pk=job_id, state=State.RUNNING).first()


def note(job: BackgroundJob, *, taken: int, skipped: Counter[str]) -> None:
    """Store how far the locked job is."""
    job.taken += taken
    job.skipped = dict(Counter(job.skipped) + skipped)
    job.save(update_fields=["taken", "skipped", "cursors"])


def is_through(job: BackgroundJob) -> bool:
    """Whether the job has looked at all that it was started for."""
    if job.kind == BackgroundJob.Kind.BACKFILL:
        return bool(job.cursors[EVENTS] <= job.selection[FIRST_ID] + 1)
    return all(at >= job.last_id for at in job.cursors.values())


def finish(job_id: int, *, now: datetime) -> None:
    """Close the job once nothing is left to take and all that it took has ended."""
    with transaction.atomic():
        job = locked_job(job_id)
        if job is None or not is_through(job):
            return
        if Delivery.objects.filter(UNFINISHED, job=job).exists():
            return
        changes: dict[str, Any] = {"state": State.DONE, "finished_at": now}
        seen = job.taken + sum(job.skipped.values())
        if job.total_estimated:
            job.total, changes["total"], changes["total_estimated"] = seen, seen, False
        missing = job.total - seen
        if missing > 0 and job.kind == BackgroundJob.Kind.REPLAY:
            changes["skipped"] = {**job.skipped, "changed": missing}
        BackgroundJob.objects.filter(pk=job_id).update(**changes)
    log.info("job_done", job_id=job_id, taken=job.taken)
