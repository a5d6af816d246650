"""Breaks things: one method per kind of fault, all of them counted."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.programs import Program, children_of, kill, kill_all, threads_of

WAIT_FOR_WORK_S = 1.0
FAR_S, NEAR_S = (-120, -15, 0, 15, 120), (-2, 0, 2)


@dataclass(slots=True)
class Broken:
    """What was injected so far; `kills` are the moments at which processes died."""

    counts: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    kills: list[datetime] = field(default_factory=list)


@dataclass(slots=True)
class Victims:
    """What there is to be broken; the last two say whether anything is in flight."""

    workers: list[Program]
    web: Program
    postgres: Any
    redis: Any
    clock_file: Path | None
    delivering: Callable[[], bool]
    answering: Callable[[], bool]


class Injector:
    """Injects one planned fault after another."""

    def __init__(self, victims: Victims, *, dice: random.Random) -> None:
        self.victims = victims
        self.broken = Broken()
        self._dice = dice
        self._lock = threading.Lock()

    def inject(self, kind: str) -> None:
        """Do it, and count it when it could be done."""
        done = getattr(self, f"_{kind}")()
        with self._lock:
            (self.broken.counts if done else self.broken.missed)[kind] += 1
            if done and kind.startswith("kill"):
                self.broken.kills.append(datetime.now(UTC))

    def _kill_sender(self) -> bool:
        """The process whose threads send, while it has something in hand."""
        _wait_until(self.victims.delivering)
        senders = [pid for pid in self._pool() if threads_of(pid) > 1]
        return bool(senders) and kill(self._dice.choice(senders))

    def _kill_idle(self) -> bool:
        """Another one of the cluster's processes: its spare worker or a helper."""
        idle = [pid for pid in self._pool() if threads_of(pid) == 1]
        return bool(idle) and kill(self._dice.choice(idle))

    def _kill_guard(self) -> bool:
        """The process that watches the cluster's others."""
        worker = self._worker()
        cluster = children_of(worker.pid) if worker else []
        guards = children_of(cluster[0]) if cluster else []
        return bool(guards) and kill(guards[0])

    def _kill_cluster(self) -> bool:
        """All of a worker but its supervisor."""
        worker = self._worker()
        pids = [pid for pid in worker.members() if pid != worker.pid] if worker else []
        kill_all(pids)
        return bool(pids)

    def _kill_supervisor(self) -> bool:
        worker = self._worker()
        return bool(worker) and kill(worker.pid)

    def _restart_worker(self) -> bool:
        """Ask a worker to end, as a deployment does."""
        worker = self._worker()
        return bool(worker) and worker.signal(signal.SIGTERM)

    def _kill_web_worker(self) -> bool:
        _wait_until(self.victims.answering)
        workers = children_of(self.victims.web.pid) if self.victims.web.pid else []
        return bool(workers) and kill(self._dice.choice(workers))

    def _kill_web_master(self) -> bool:
        _wait_until(self.victims.answering)
        return self.victims.web.signal(signal.SIGKILL)

    def _restart_postgres_fast(self) -> bool:
        return bool(self.victims.postgres.restart("fast"))

    def _restart_postgres_immediate(self) -> bool:
        return bool(self.victims.postgres.restart("immediate"))

    def _flush_redis(self) -> bool:
        import redis

        try:
            self.victims.redis.flush()
        except redis.RedisError:
            return False
        return True

    def _restart_redis(self) -> bool:
        return bool(self.victims.redis.program.signal(signal.SIGKILL))

    def _jump_clock(self) -> bool:
        """Another time for one worker.

        Why: SQLite has no clock of its own, so leases there are as good as the
        machine's; a lease leaves 5 s more than a call may take.
        """
        assert self.victims.clock_file is not None
        jumps = FAR_S if self.victims.postgres else NEAR_S
        self.victims.clock_file.write_text(f"{self._dice.choice(jumps):+d}s\n")
        return True

    def _worker(self) -> Any:
        running = [worker for worker in self.victims.workers if worker.kept and worker.pid]
        return self._dice.choice(running) if running else None

    def _pool(self) -> list[int]:
        """The processes below a worker's guard: its pool and its helpers."""
        worker = self._worker()
        cluster = children_of(worker.pid) if worker else []
        guards = children_of(cluster[0]) if cluster else []
        return children_of(guards[0]) if guards else []


def _wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_FOR_WORK_S
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
