"""Web servers as processes of their own, each with the same application or with another."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.homes import ROOT
from tests.bench.processes import cpu_s, tree

MESHES = "meshes.wsgi:application"
PLAIN = "tests.bench.plain.wsgi:application"
WORKERS, THREADS = 2, 4
READY_WITHIN_S = 240.0
UNLIMITED = {"THROTTLE_EVENTS_PER_SECOND": "1e9", "THROTTLE_EVENTS_BURST": "1000000000"}


@dataclass(frozen=True, slots=True)
class Server:
    """A web server that answers on this port of the loopback."""

    pid: int
    port: int

    def cpu_s(self) -> float:
        """Processor time that all its processes have used so far."""
        return cpu_s(tree(self.pid))

    def resident_mib(self) -> float:
        """What all its processes hold in memory now."""
        return resident_mib(self.pid)


def resident_mib(pid: int) -> float:
    """What the process and everything below it hold in memory now."""
    return sum(map(_resident_kib, tree(pid))) / 1024


def gunicorn(application: str = MESHES, *, workers: int = WORKERS, threads: int = THREADS) -> str:
    """gunicorn with the project's own configuration, `{port}` left open.

    Why: on a busy machine its processes need longer to start than it waits by default.
    """
    kept = f"-w {workers} --threads {threads} --timeout 300"
    return f"-m gunicorn {application} -b 127.0.0.1:{{port}} {kept}"


def granian(application: str = MESHES, *, workers: int = WORKERS, threads: int = THREADS) -> str:
    """granian with its own defaults otherwise."""
    return (
        f"-m granian --interface wsgi {application} --host 127.0.0.1 --port {{port}} "
        f"--workers {workers} --blocking-threads {threads} --no-ws --log-level warning"
    )


@contextlib.contextmanager
def serving(command: str, *, log: Path, **environment: str) -> Iterator[Server]:
    """The running server; ended in any case."""
    port = _free_port()
    words = command.format(port=port).split()
    given = {"LOG_LEVEL": "INFO", "WEB_CONCURRENCY": str(WORKERS), **UNLIMITED, **environment}
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env={**os.environ, **given},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(child, port, log)
        yield Server(child.pid, port)
    finally:
        _end(child)


def _wait_for(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while child.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            time.sleep(1.0)  # granian listens before its workers have loaded the application
            return
        time.sleep(0.1)
    raise RuntimeError(f"The server did not start: {log.read_text()[-500:]}")


def _end(child: subprocess.Popen[bytes]) -> None:
    family: Sequence[int] = tree(child.pid)
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout=15)
    except subprocess.TimeoutExpired:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        child.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _resident_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
