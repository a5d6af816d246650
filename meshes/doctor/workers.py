"""Whether workers live, with a pump each, and run the code that the database is made for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, QuerySet

from connections.clock import database_now
from deliveries import beats
from deliveries.models import WorkerBeat
from meshes.doctor.findings import Asked, Finding, broken, many, ok, warning

START = "Start one: python manage.py worker"


def look(_asked: Asked) -> Iterator[Finding]:
    """How many live and where, and which have not been started again since an update."""
    supervisors, pumps = _living("supervisor"), _living("pump")
    if not supervisors and not pumps:
        yield broken(f"No worker runs{_silence()}; nothing is delivered.", START)
        return
    if not pumps:
        yield warning(
            f"Alive: {_named(supervisors)}, and no pump yet.",
            "A worker has one within a minute; look into its log when this stays.",
        )
    else:
        yield ok(f"Alive: {_named(supervisors or pumps)}, {many(len(pumps), 'pump')}.")
    yield from _old([row for row in supervisors if row.started_at < _migrated_at()])


def _old(rows: list[WorkerBeat]) -> Iterator[Finding]:
    if rows:
        yield warning(
            f"Started before the last migration ran: {_named(rows)}.",
            "Start them again, so that they run the code that the tables are made for.",
        )


def _living(kind: str) -> list[WorkerBeat]:
    rows: QuerySet[WorkerBeat] = beats.living().filter(kind=kind)
    return list(rows.order_by("host"))


def _named(rows: list[WorkerBeat]) -> str:
    hosts = ", ".join(sorted({row.host for row in rows}))
    return f"{many(len(rows), 'worker')} on {hosts}"


def _migrated_at() -> Any:
    migrations: Any = MigrationRecorder.Migration
    return migrations.objects.aggregate(at=Max("applied"))["at"]


def _silence() -> str:
    last: datetime | None = WorkerBeat.objects.aggregate(at=Max("beat_at"))["at"]
    if last is None:
        return ""
    return f"; the last gave a sign {(database_now() - last).total_seconds():,.0f} s ago"
