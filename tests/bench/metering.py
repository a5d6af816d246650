"""How much of the machine a stretch of work took, and who took it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from tests.bench.processes import cpu_s, machine_busy_s, tree


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time by who used it, in seconds; `others` is work that is not ours."""

    wall_s: float
    worker_s: float
    sandbox_s: float
    database_s: float
    others_s: float

    def __str__(self) -> str:
        whole = self.wall_s * (os.cpu_count() or 1)
        names = ("worker", "sandbox", "database", "others")
        shares = (f"{name} {getattr(self, f'{name}_s') / whole:.0%}" for name in names)
        return f"processors: {', '.join(shares)}"


class Meter:
    """Reads the processor time now; `usage` says what was used since."""

    def __init__(self, *, worker: int, sandboxes: Sequence[int]) -> None:
        self._worker = worker
        self._sandboxes = sandboxes
        self._backends = backends()
        self._began = self._read()

    def usage(self) -> Usage:
        """What was used since this meter was made."""
        since = (now - before for now, before in zip(self._read(), self._began, strict=True))
        wall, worker, sandbox, own, machine = since
        now = backends()
        database = sum(used - self._backends.get(pid, 0.0) for pid, used in now.items())
        others = max(0.0, machine - worker - sandbox - database - own)
        return Usage(wall, worker, sandbox, database, others)

    def _read(self) -> tuple[float, ...]:
        used = (cpu_s(tree(self._worker)), cpu_s(self._sandboxes), cpu_s([os.getpid()]))
        return (time.monotonic(), *used, machine_busy_s())


def backends() -> dict[int, float]:
    """Time used by the server's processes for our database, where they live on this machine."""
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {pid: cpu_s([pid]) for (pid,) in cursor.fetchall()}
