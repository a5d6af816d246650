"""A machine of its own, as far as one machine can stand for many.

It has its own copy of the program, its own home and folder for temporary files, and a
clock that is off. With other machines it shares the database, Redis, and its secrets.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.faults.programs import RUN, Program, free_port, kill_all
from tests.faults.servers import faketime_library, remove

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("meshes", "connections", "rules", "deliveries", "templates", "docs")
FILES = ("manage.py", "gunicorn.conf.py")
CLOCK = ROOT / "tests" / "faults" / "clock" / "sitecustomize.py"
SHARED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS")
LIMITS = {
    "THROTTLE_EVENTS_PER_SECOND": "2",
    "THROTTLE_EVENTS_BURST": "250",
    "WORKER_PROCESSES": "2",
    "WORKER_SENDERS": "8",
}
ENDS_WITHIN_S = 90.0


class Machine:
    """A folder with everything that a machine has, and one program that runs there.

    Units: the clock is `ahead_s` seconds ahead of the true time, or behind.
    """

    def __init__(
        self, name: str, *, folder: Path, shared: Mapping[str, str], ahead_s: float
    ) -> None:
        self.name, self.disk, self.port = name, folder / name, free_port()
        self.ahead_s = ahead_s
        _install(self.disk)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.disk / "home"),
            "TMPDIR": str(self.disk / "tmp"),
            "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "meshes.settings",
            "DESTINATIONS_ALLOW_PRIVATE": "true",
            "EMAIL_URL": "dummymail://",
            "LOG_LEVEL": "WARNING",
            RUN: uuid.uuid4().hex,
            **LIMITS,
            **{name: shared[name] for name in SHARED},
            **_clock(self.disk, ahead_s=ahead_s),
        }
        # Names the machine in the server's list of connections.
        mark = "&" if "?" in shared["DATABASE_URL"] else "?"
        self.environment["DATABASE_URL"] += f"{mark}application_name={name}"
        self.program: Program | None = None

    @property
    def url(self) -> str:
        """Where its web server listens."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> None:
        """Start the web server."""
        bind = ["--bind", f"127.0.0.1:{self.port}", "--threads", "4"]
        self._start("-m", "gunicorn", "meshes.wsgi", *bind)

    def work(self) -> None:
        """Start the worker."""
        self._start("manage.py", "worker")

    def ask(self, *words: str) -> tuple[int, str]:
        """The exit code of a program of Python that runs here, and what it said."""
        done = subprocess.run(
            [sys.executable, *words], env=self.environment, cwd=self.disk, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return done.returncode, done.stdout

    def stop(self) -> int:
        """Ask the program to end; its exit code."""
        self.program.process.send_signal(signal.SIGTERM)
        return self.program.process.wait(ENDS_WITHIN_S)

    def lose(self) -> None:
        """Cut its power and lose its disk."""
        self.end()
        remove(self.disk)

    def end(self) -> None:
        """End everything that runs here, at once."""
        if self.program is None:
            return
        while left := self.program.members():
            kill_all(left)
            time.sleep(0.05)
        self.program.process.wait()

    def said(self) -> str:
        """All that the program printed so far."""
        return self.program.log.read_text()

    def _start(self, *words: str) -> None:
        command = [sys.executable, *words]
        place = {"folder": self.disk, "cwd": self.disk}
        self.program = Program(self.name, command, environment=self.environment, **place)
        self.program.start()


def _install(disk: Path) -> None:
    for name in ("home", "tmp"):
        (disk / name).mkdir(parents=True)
    for part in PARTS:
        shutil.copytree(ROOT / part, disk / part)
    for name in FILES:
        shutil.copy2(ROOT / name, disk / name)


def _clock(disk: Path, *, ahead_s: float) -> dict[str, str]:
    """What makes the clock wrong by so much; nothing where libfaketime is not installed."""
    library = faketime_library()
    if not library or not ahead_s:
        return {}
    (disk / "clock").mkdir()
    shutil.copy2(CLOCK, disk / "clock" / CLOCK.name)
    return {
        "PYTHONPATH": str(disk / "clock"),
        "LD_PRELOAD": library,
        "FAKETIME": f"{ahead_s:+.1f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",  # gunicorn tells by a file's time whether its workers live
    }
