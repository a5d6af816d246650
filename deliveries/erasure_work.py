"""One erasure in this process's hands: whose rows, in which order, and how far it is.

Each step is a short transaction that also notes the progress, so that a process may die
anywhere and the next one goes on there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from connections.models import Connection, ContactCache
from deliveries.erasure_rows import Taken, take
from deliveries.erasure_scan import candidates, finder
from deliveries.models import BackgroundJob, Delivery, Erasure, Event, IdempotencyKey
from meshes.encryption import Sealed
from meshes.models import Workspace

AT_ONCE = 50
SCANNED_AT_ONCE = 1000
WAITING = "waiting"
"""The ids of events that name the person and wait for deliveries to other people."""

COUNTED = (
    "events",
    "mentions",
    "deliveries",
    "canceled",
    "attempts",
    "contacts",
    "keys",
    "jobs",
)

log = structlog.get_logger(__name__)


class ErasureLost(Exception):
    """Another process goes on with this erasure."""


def workspaces_of(workspace_id: UUID | None) -> list[UUID]:
    """The workspaces that an erasure covers, deleted ones included."""
    if workspace_id is not None:
        return [workspace_id]
    return list(Workspace.objects.values_list("pk", flat=True))


def own_events(email: str, *, workspaces: list[UUID], last_id: int) -> list[int]:
    """The ids of the person's events: those with the address or with a delivery to it."""
    events = Event.objects.filter(workspace__in=workspaces, email=email, pk__lte=last_id)
    to_them = Delivery.objects.filter(workspace__in=workspaces, email=email, event__lte=last_id)
    return sorted({*events.values_list("pk", flat=True), *to_them.values_list("event", flat=True)})


class Work:
    """One erasure in this process's hands, for a share of the time."""

    def __init__(self, erasure: Erasure, *, now: datetime, until: float) -> None:
        self.erasure, self.now, self.until = erasure, now, until
        self.email = erasure.email.open()
        self.workspaces = workspaces_of(erasure.workspace_id)
        self.counts: dict[str, Any] = {**dict.fromkeys(COUNTED, 0), WAITING: [], **erasure.counts}
        self.blanked = 0

    def run(self) -> int:
        """How many events were blanked; afterwards the erasure is free for the next one."""
        left = self._take_own()
        self._scan()
        self._take_waiting()
        scanned = self.erasure.scanned_id >= self.erasure.last_id
        if scanned and not left and not self.counts[WAITING] and self._in_time():
            self._finish()
        else:
            self._store(lease_until=None)
        return self.blanked

    def _in_time(self) -> bool:
        return time.monotonic() < self.until

    def _take_own(self) -> bool:
        """Whether some of the person's events are left."""
        ids = own_events(self.email, workspaces=self.workspaces, last_id=self.erasure.last_id)
        left = False
        for some in _slices(ids):
            if not self._in_time():
                return True
            left = bool(self._take(some).waiting) or left
        return left

    def _scan(self) -> None:
        """Look for the address in what is left of the payloads, and note how far that is."""
        names = finder(self.email)
        while self.erasure.scanned_id < self.erasure.last_id and self._in_time():
            low = self.erasure.scanned_id
            high = min(self._end_of_slice(low), self.erasure.last_id)
            events = Event.objects.filter(pk__gt=low, pk__lte=high, erased_at__isnull=True)
            some = candidates(events.filter(workspace__in=self.workspaces), self.email)
            found = [pk for pk, payload in some.values_list("pk", "payload") if names(payload)]
            self._wait_for(found)
            self.erasure.scanned_id = high
            self._store(scanned_id=high)

    def _end_of_slice(self, low: int) -> int:
        # By the order of all ids alone: with the workspaces SQLite would sort the whole table.
        after = Event.objects.filter(pk__gt=low).order_by("pk").values_list("pk", flat=True)
        first = after.first()
        return self.erasure.last_id if first is None else first + SCANNED_AT_ONCE - 1

    def _wait_for(self, ids: Iterable[int]) -> None:
        self.counts[WAITING] = sorted({*self.counts[WAITING], *ids})

    def _take_waiting(self) -> None:
        for ids in _slices(list(self.counts[WAITING])):
            if not self._in_time():
                return
            self._take(ids)

    def _take(self, ids: list[int]) -> Taken:
        with transaction.atomic():
            taken = take(ids, email=self.email, now=self.now)
            self._note(ids, taken)
        self.blanked += taken.counts["events"] + taken.counts["mentions"]
        return taken

    def _note(self, ids: list[int], taken: Taken) -> None:
        for name, number in taken.counts.items():
            self.counts[name] += number
        done = set(ids) - set(taken.waiting)
        self.counts[WAITING] = [pk for pk in self.counts[WAITING] if pk not in done]
        self._store()

    def _store(self, **columns: Any) -> None:
        own = Erasure.objects.filter(
            pk=self.erasure.pk,
            state=Erasure.State.RUNNING,
            lease_until=self.erasure.lease_until,
        )
        if not own.update(counts=self.counts, **columns):
            raise ErasureLost

    def _finish(self) -> None:
        with transaction.atomic():
            self.counts["contacts"] += self._forget_contact()
            keys = IdempotencyKey.objects.filter(workspace__in=self.workspaces)
            self.counts["keys"] += keys.filter(key__icontains=self.email).delete()[0]
            self.counts["jobs"] += self._blank_jobs()
            self.counts.pop(WAITING)
            over = {"state": Erasure.State.DONE, "email": Sealed(""), "finished_at": self.now}
            self._store(lease_until=None, **over)
        log.info("erasure_done", erasure_id=self.erasure.pk, events=self.counts["events"])

    def _forget_contact(self) -> int:
        accounts = Connection.objects.filter(workspace__in=self.workspaces).values("account")
        rows = ContactCache.objects.filter(account__in=accounts, email=self.email)
        return rows.delete()[0]

    def _blank_jobs(self) -> int:
        jobs = BackgroundJob.objects.select_for_update().order_by("pk")
        jobs = jobs.filter(workspace__in=self.workspaces, selection__email=self.email)
        for job in (found := list(jobs)):
            selection = {**job.selection, "email": ""}
            BackgroundJob.objects.filter(pk=job.pk).update(selection=selection)
        return len(found)


def _slices(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
