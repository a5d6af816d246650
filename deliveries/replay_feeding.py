"""Feeds a replay of many deliveries into the queue, a little of each account at a time.

An account never has more than a window of a job's deliveries before it, so a
slow or paused one keeps no other one waiting, and live traffic keeps its place.
"""

from __future__ import annotations

import time
from datetime import datetime

from django.db import transaction

from connections.models import Account
from deliveries.job_steps import (
    LOOKED_AT,
    OVER,
    SLICE,
    Step,
    finish,
    locked_job,
    note,
    unfinished,
    window,
)
from deliveries.models import BackgroundJob, Delivery
from deliveries.replaying import Order, begin, locked
from deliveries.selecting import selected

NARROW = ("email", "id")


def feed_replay(job_id: int, *, until: float, now: datetime) -> int:
    """How many deliveries of this replay were set going."""
    taken = 0
    for account_id, room in _rooms(BackgroundJob.objects.get(pk=job_id)):
        while room > 0 and time.monotonic() < until:
            step = _step(job_id, account_id, room=room, now=now)
            taken, room = taken + step.taken, room - step.taken
            if step.over:
                break
    finish(job_id, now=now)
    return taken


def _rooms(job: BackgroundJob) -> list[tuple[int, int]]:
    """The accounts that still have a part to come, and how many deliveries each can take.

    Why: the least advanced first. All windows together bound the queue too,
    because a replay as it is now may move deliveries to another account.
    """
    cursors = {int(key): at for key, at in job.cursors.items()}
    rates = Account.objects.filter(pk__in=cursors).values_list("pk", "requests_per_second")
    windows = {key: window(rate) for key, rate in rates}
    waiting = unfinished(job.pk)
    spare = sum(windows.values()) - sum(waiting.values())
    rooms = []
    for at, account_id in sorted((at, key) for key, at in cursors.items()):
        room = min(windows[account_id] - waiting[account_id], spare)
        if at < job.last_id and room > 0:
            rooms.append((account_id, room))
            spare -= room
    return rooms


def _step(job_id: int, account_id: int, *, room: int, now: datetime) -> Step:
    """Set some of the account's part going, and remember how far that went.

    Why: at most a slice of ids is looked at, so that no statement is long,
    however rare the selected rows are; what names a person has few rows.
    """
    with transaction.atomic():
        job = locked_job(job_id)
        at = job.cursors[str(account_id)] if job else 0
        if job is None or at >= job.last_id:
            return OVER
        narrow = not job.selection.keys().isdisjoint(NARROW)
        end = job.last_id if narrow else min(at + SLICE, job.last_id)
        limit = max(room, LOOKED_AT)
        part = selected(job.selection, workspace_id=job.workspace_id)
        part = part.filter(account=account_id, pk__gt=at, pk__lte=end).exclude(job=job)
        found = list(locked(part, basis=job.basis)[:limit])
        rows = _fitting(found, room)
        order = Order(basis=job.basis, insist=job.insist, by=job.asked_by, now=now, job=job)
        done = begin(rows, order=order)
        through = len(rows) == len(found) < limit
        job.cursors[str(account_id)] = end if through else rows[-1].pk
        note(job, taken=done.taken, skipped=done.skipped)
        return Step(done.taken, over=through and end == job.last_id)


def _fitting(found: list[Delivery], room: int) -> list[Delivery]:
    """The first rows, with as many that can be replayed as there is room for."""
    able = 0
    for place, row in enumerate(found):
        able += not getattr(row, "fate", "")
        if able > room:
            return found[:place]
    return found
