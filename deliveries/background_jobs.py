"""Verbs on jobs: starting a replay of many deliveries, pausing, resuming and canceling.

Each locks the job's row, so that the feeding stops or goes on exactly there.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Count, F, QuerySet

from deliveries.canceling import Canceled, cancel_all
from deliveries.job_preview import preview
from deliveries.locking import lock_in_order
from deliveries.models import BackgroundJob, Delivery, Status
from deliveries.replaying import held_reason
from deliveries.selecting import Selection

log = structlog.get_logger(__name__)

State = BackgroundJob.State
JOB_PAUSED = "job_paused"
WAITING = (Status.PENDING, Status.RETRYING)


class NothingToReplay(Exception):
    """None of the selected deliveries can be replayed."""


class JobOver(Exception):
    """The job is not in a state in which this can be done."""


def start_replay(
    selection: Selection, *, job: BackgroundJob, last_id: int, now: datetime
) -> BackgroundJob:
    """The stored job, running from now on.

    Shape: `job` carries the workspace, basis, insist and who asked;
    `last_id` is the bound that the person's preview named.
    Raises: NothingToReplay.
    """
    found = preview(selection, workspace_id=job.workspace_id, basis=job.basis, last_id=last_id)
    if not found.replayable:
        raise NothingToReplay("None of the selected deliveries can be replayed now.")
    job.kind, job.selection, job.total = BackgroundJob.Kind.REPLAY, selection, found.selected
    job.last_id, job.created_at, job.total_estimated = found.last_id, now, not found.exact
    job.cursors = {str(account): found.first_id for account in found.accounts}
    job.save(force_insert=True)
    log.info("job_started", job_id=job.pk, kind=job.kind, total=job.total)
    return job


def pause(job_id: int, *, now: datetime) -> int:
    """How many deliveries of the job wait until it is resumed.

    Raises: JobOver.
    """
    with transaction.atomic():
        _switch(job_id, from_=State.RUNNING, to=State.PAUSED)
        ids = lock_in_order(not_begun(job_id))
        return Delivery.objects.filter(pk__in=ids).update(held_reason=JOB_PAUSED, held_at=now)


def resume(job_id: int, *, now: datetime) -> int:
    """How many deliveries of the job go on.

    Shape: those whose connection or rule waits for a person do not count.
    Raises: JobOver.
    """
    with transaction.atomic():
        _switch(job_id, from_=State.PAUSED, to=State.RUNNING)
        paused = not_begun(job_id).filter(held_reason=JOB_PAUSED).order_by("pk")
        locked = paused.select_for_update(of=("self",), no_key=True)
        rows = list(locked.select_related("rule", "connection"))
        by_reason: dict[str, list[int]] = {}
        for row in rows:
            by_reason.setdefault(held_reason(row), []).append(row.pk)
        for held, keys in by_reason.items():
            _release(keys, held, now=now)
    return len(by_reason.get("", ()))


def cancel(job_id: int, *, by: str, now: datetime) -> Canceled:
    """What became of the deliveries that the job had set going and that had not begun.

    Raises: JobOver.
    """
    with transaction.atomic():
        _switch(job_id, from_=(State.RUNNING, State.PAUSED), to=State.CANCELED, finished_at=now)
        return cancel_all(not_begun(job_id, also_in_flight=True), by=by, now=now)


def counts(job: BackgroundJob) -> Counter[str]:
    """How the deliveries that the job set going fare, by status; held ones as `held`."""
    rows = Delivery.objects.filter(job=job).values("status", held=F("held_reason")).order_by()
    found: Counter[str] = Counter()
    for row in rows.annotate(n=Count("pk")):
        found["held" if row["held"] else row["status"]] += row["n"]
    return found


def not_begun(job_id: int, *, also_in_flight: bool = False) -> QuerySet[Delivery]:
    """The job's deliveries that wait for the first attempt of its run."""
    statuses = (*WAITING, Status.PROCESSING) if also_in_flight else WAITING
    return Delivery.objects.filter(job=job_id, status__in=statuses, run_attempts=0)


def _switch(
    job_id: int, *, from_: str | tuple[str, ...], to: str, finished_at: datetime | None = None
) -> None:
    states = (from_,) if isinstance(from_, str) else from_
    rows = BackgroundJob.objects.filter(pk=job_id, state__in=states)
    if not rows.update(state=to, finished_at=finished_at):
        raise JobOver("This job is in another state by now. Look at its page again.")
    log.info("job_switched", job_id=job_id, state=to)


def _release(keys: list[int], held: str, *, now: datetime) -> None:
    changes = (
        {"held_reason": held, "held_at": now} if held else {"held_reason": "", "held_at": None}
    )
    Delivery.objects.filter(pk__in=keys, held_reason=JOB_PAUSED).update(
        next_attempt_at=now, **changes
    )
