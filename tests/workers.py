"""Starts `manage.py worker` as operators do, and looks at its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from deliveries import beats

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = 2


class Worker:
    """A running worker in a process group of its own."""

    def __init__(self, log: Path, *, command: str = "worker", **environment: str) -> None:
        self.log = log
        given = {"DJANGO_SETTINGS_MODULE": "meshes.settings", "PYTHONUNBUFFERED": "1"}
        given |= {"DESTINATIONS_ALLOW_PRIVATE": "true", "WORKER_PROCESSES": str(PROCESSES)}
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), command],
                env={**os.environ, **given, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """All that it has printed and logged so far."""
        return self.log.read_text()

    def wait(self, within_s: float = 65.0) -> int:
        """Its exit code; an error when it takes longer."""
        return self.process.wait(timeout=within_s)

    def signal(self, number: int) -> None:
        """Signal the worker alone."""
        self.process.send_signal(number)

    def signal_group(self, number: int) -> None:
        """Signal everything in the worker's process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def pool(self) -> list[int]:
        """The ids of django-q2's pool, which it starts before its other helpers."""
        cluster = children_of(self.process.pid)[0]
        guard = children_of(cluster)[0]
        return children_of(guard)[:PROCESSES]

    def end(self) -> None:
        """End whatever a test that failed left running."""
        clusters = children_of(self.process.pid) if self.process.poll() is None else []
        for group in (self.process.pid, *clusters):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def running(log: Path, *, command: str = "worker", **environment: str) -> Iterator[Worker]:
    """A worker whose pump beats; ended in any case."""
    before = beats.alive("pump")
    worker = Worker(log, command=command, **environment)
    try:
        # A plain cluster gets its first pump from the housekeeping, asked for twice a minute.
        within_s = 40.0 if command == "worker" else 100.0
        wait_for(
            lambda: beats.alive("pump") > before or worker.process.poll() is not None, within_s
        )
        assert worker.process.poll() is None, worker.said()
        yield worker
    finally:
        worker.end()


def children_of(pid: int) -> list[int]:
    """The ids of a process's children, oldest first."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descendants_of(pid: int) -> list[int]:
    """The ids of all processes below this one."""
    below = children_of(pid)
    return [*below, *(deeper for child in below for deeper in descendants_of(child))]


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(
    condition: Callable[[], object], within_s: float = 40.0, *, every_s: float = 0.1
) -> None:
    """Return when the condition holds; an error when it takes too long."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "That took too long."
        time.sleep(every_s)
