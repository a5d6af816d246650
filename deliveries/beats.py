"""Signs of life of supervisors and pumps, kept in the database where everyone sees them."""

from __future__ import annotations

import os
import socket
import uuid
from datetime import timedelta

from django.db.models import Q, QuerySet

from connections.clock import database_now
from deliveries.models import WorkerBeat

ALIVE_S = 10
ORPHANED_S = 20
FORGET_S = 86_400
WORKER_VARIABLE = "MESHES_WORKER"


def start(kind: str) -> WorkerBeat:
    """A new row for this process, beating now."""
    now = database_now()
    return WorkerBeat.objects.create(
        kind=kind,
        worker=own_worker(),
        host=socket.gethostname()[:128],
        started_at=now,
        beat_at=now,
    )


def beat(row_id: uuid.UUID) -> bool:
    """Whether this process should go on.

    Shape: False once it or its supervisor was asked to stop, or its supervisor
    has been silent for so long that it must be dead.
    """
    now = database_now()
    known = WorkerBeat.objects.filter(pk=row_id).update(beat_at=now)
    above = Q(kind="supervisor", worker=own_worker())
    asked = Q(above | Q(pk=row_id), stopping=True)
    orphaned = Q(above, beat_at__lt=now - timedelta(seconds=ORPHANED_S))
    return known == 1 and not WorkerBeat.objects.filter(asked | orphaned).exists()


def ask_to_stop(**which: object) -> None:
    """Ask the processes of these rows to finish what they have in hand."""
    WorkerBeat.objects.filter(**which).update(stopping=True)


def stop(row_id: uuid.UUID) -> None:
    """Take the row away: this process has ended in order."""
    WorkerBeat.objects.filter(pk=row_id).delete()


def alive(kind: str, *, worker: str | None = None, host: str | None = None) -> int:
    """How many of this kind beat lately and are not about to stop.

    Shape: `worker` counts only those under that supervisor, `host` only
    those on that machine.
    """
    rows = living().filter(kind=kind)
    rows = rows if worker is None else rows.filter(worker=worker)
    return (rows if host is None else rows.filter(host=host[:128])).count()


def is_closing(kind: str, *, worker: str) -> bool:
    """Whether one of this kind still finishes what it has in hand, and shows it."""
    since = database_now() - timedelta(seconds=ALIVE_S)
    rows = WorkerBeat.objects.filter(kind=kind, worker=worker, stopping=True)
    return rows.filter(beat_at__gt=since).exists()


def is_first(row: WorkerBeat) -> bool:
    """Whether no older one of this kind and worker is at work, so that one of two gives way."""
    alike = living().filter(kind=row.kind, worker=row.worker)
    first = alike.order_by("started_at", "pk").first()
    return first is None or first.pk == row.pk


def someone_lacks_a_pump() -> bool:
    """Whether a supervisor is alive whose worker has no pump."""
    with_pump = living().filter(kind="pump").values("worker")
    return living().filter(kind="supervisor").exclude(worker__in=with_pump).exists()


def living() -> QuerySet[WorkerBeat]:
    """Those that beat lately and are not about to stop."""
    since = database_now() - timedelta(seconds=ALIVE_S)
    return WorkerBeat.objects.filter(beat_at__gt=since, stopping=False)


def own_worker() -> str:
    """The name of the supervisor above this process, empty under a plain cluster."""
    return os.environ.get(WORKER_VARIABLE, "")


def forget_dead() -> None:
    """Remove rows of processes that have been silent for a day."""
    since = database_now() - timedelta(seconds=FORGET_S)
    WorkerBeat.objects.filter(beat_at__lt=since).delete()
