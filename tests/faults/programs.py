"""Programs that run as under a process manager, and that are ended for good at last."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RUN, PART = "MESHES_FAULTS_RUN", "MESHES_FAULTS_PART"
LOOK_EVERY_S = 0.25
RESTART_AFTER_S = (0.3, 1.5)


class Program:
    """One program in a session of its own, with all that it starts.

    Shape: `kept` says whether the keeper starts it again.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        cwd: Path = ROOT,
    ) -> None:
        self.name, self.command, self.cwd = name, list(command), cwd
        self.environment = {**environment, PART: name}
        self.log = folder / f"{name}.log"
        self.kept = True
        self.process: subprocess.Popen[bytes] | None = None
        self.ended_at = 0.0

    @property
    def pid(self) -> int:
        """The id of the program itself, 0 when it does not run."""
        running = self.process is not None and self.process.poll() is None
        return self.process.pid if self.process and running else 0

    def start(self) -> None:
        """Start it; its words go to the end of its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def signal(self, number: int) -> bool:
        """Whether the program itself was there to be signaled."""
        return bool(self.pid) and kill(self.pid, number)

    def members(self) -> list[int]:
        """The ids of everything that this program started and that still runs."""
        return marked(PART, self.name, run=self.environment[RUN])

    def end(self) -> None:
        """End it and all that it started, at once."""
        self.kept = False
        kill_all(self.members())
        if self.process is not None:
            self.process.wait()


class Keeper(threading.Thread):
    """A process manager: what ended is swept up and started again."""

    def __init__(self, programs: Sequence[Program], *, seed: str) -> None:
        super().__init__(name="keeper", daemon=True)
        self.programs = list(programs)
        self.starts = 0
        self._dice = random.Random(seed)
        self._over = threading.Event()

    def run(self) -> None:
        """Look after the programs until asked to stop."""
        while not self._over.wait(LOOK_EVERY_S):
            for program in list(self.programs):
                if program.kept and program.process is not None and not program.pid:
                    self._again(program)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self.is_alive():
            self.join()

    def _again(self, program: Program) -> None:
        now = time.monotonic()
        program.ended_at = program.ended_at or now + self._dice.uniform(*RESTART_AFTER_S)
        if now < program.ended_at:
            return
        kill_all(program.members())
        program.ended_at = 0.0
        program.start()
        self.starts += 1


def marked(name: str, value: str, *, run: str = "") -> list[int]:
    """The ids of running processes with this variable in their environment."""
    wanted = {f"{name}={value}".encode()} | ({f"{RUN}={run}".encode()} if run else set())
    return [pid for pid in _pids() if wanted <= set(_environ(pid))]


def children_of(pid: int) -> list[int]:
    """The ids of a process's children, oldest first."""
    try:
        return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def threads_of(pid: int) -> int:
    """How many threads a process has, 0 when it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def kill(pid: int, number: int = signal.SIGKILL) -> bool:
    """Whether the process was there to be signaled."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def kill_all(pids: Iterable[int]) -> None:
    """End these processes at once."""
    for pid in pids:
        kill(pid)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _pids() -> list[int]:
    own = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]


def _environ(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
