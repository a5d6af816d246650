"""Everything that one run needs, started in order and ended in any case."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.faults.combinations import Combination
from tests.faults.options import Options
from tests.faults.previous import PREVIOUS, check_out
from tests.faults.programs import ROOT, RUN, Keeper, Program, free_port, kill_all, marked
from tests.faults.sandboxes import Sandbox
from tests.faults.saying import say
from tests.faults.scene import ACCOUNTS, Scene, make_scene
from tests.faults.servers import Postgres, Redis, faketime_library, remove
from tests.faults.surroundings import own_environment

READY_WITHIN_S = 60.0


class Stage:
    """The servers, programs and rows of one run.

    Shape: `previous` is a worker of an earlier release, not started yet, or
    None; `clock_file` tells libfaketime the time, or is None.
    """

    def __init__(self, combination: Combination, options: Options, stack: ExitStack) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"meshes-faults-{combination}-"))
        self.combination = combination
        self.run = uuid.uuid4().hex
        self.keep = True
        stack.push(self._forget)
        self.keeper: Keeper | None = None
        stack.callback(self._sweep)
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self.environment = {
            **own_environment(self.folder, run=self.run),
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        }
        self._start_servers(stack)
        os.environ.update(self.environment)
        self._manage("migrate", "--verbosity", "0")
        self.sandboxes = self._start_sandboxes(options)
        self.scene = self._scene(options)
        self.port = free_port()
        self.clock_file = self._clock_file()
        self.web = self._program("web", ["-m", "gunicorn", "meshes.wsgi", *self._web_options()])
        self.workers = [self._worker(f"worker-{number}") for number in (1, 2)]
        self.previous = self._previous()
        self.keeper = Keeper([self.web, *self.workers], seed=options.seed)
        if self.redis:
            self.keeper.programs.append(self.redis.program)

    def start(self) -> None:
        """Start the programs and wait until events are taken and delivered."""
        for program in (self.web, *self.workers):
            program.start()
        self.keeper.start()
        from deliveries import beats

        wait_for(lambda: beats.alive("pump") >= len(self.workers), "The workers do not pump.")

    def _start_servers(self, stack: ExitStack) -> None:
        if self.combination.database == "postgresql":
            self.postgres = Postgres()
            stack.callback(self.postgres.stop)
            self.environment["DATABASE_URL"] = self.postgres.url
        if self.combination.broker == "redis":
            self.redis = Redis(self.folder, environment=self.environment)
            self.environment["REDIS_URL"] = self.redis.url

    def _start_sandboxes(self, options: Options) -> list[Sandbox]:
        pace = {"rate": options.rate, "latency_s": options.latency_s}
        place = {"folder": self.folder, "environment": self.environment}
        sandboxes = []
        for name in ACCOUNTS:
            sandboxes.append(Sandbox(name, **pace, **place))
            # One after another: the first one ever writes the demonstration's secrets.
            sandboxes[-1].wait()
        return sandboxes

    def _scene(self, options: Options) -> Scene:
        import django

        django.setup()
        return make_scene(self.sandboxes, rate=options.rate)

    def _web_options(self) -> list[str]:
        bind = ["--bind", f"127.0.0.1:{self.port}", "--threads", "4"]
        return [*bind, "--worker-tmp-dir", str(self.folder)]

    def _worker(self, name: str) -> Program:
        words = [str(ROOT / "manage.py"), "worker"]
        if not self.clock_file or name != "worker-2":
            return self._program(name, words)
        over = {
            "PYTHONPATH": str(Path(__file__).with_name("clock")),
            "LD_PRELOAD": faketime_library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        return self._program(name, words, over=over)

    def _previous(self) -> Program | None:
        """A worker from a checkout of an earlier commit, with this run's settings."""
        tree = self.folder / "previous"
        if not check_out(tree):
            say(f"LEFT OUT: workers of the previous release: the clone lacks {PREVIOUS}.")
            return None
        return self._program("previous", [str(tree / "manage.py"), "worker"], cwd=tree)

    def _clock_file(self) -> Path | None:
        if not faketime_library():
            return None
        path = self.folder / "clock"
        path.write_text("+0s\n")
        return path

    def _program(
        self, name: str, words: list[str], *, cwd: Path = ROOT, over: dict[str, str] | None = None
    ) -> Program:
        environment = {**self.environment, **(over or {})}
        command = [sys.executable, *words]
        return Program(name, command, environment=environment, folder=self.folder, cwd=cwd)

    def _manage(self, *words: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        subprocess.run(command, env=self.environment, cwd=ROOT, check=True)

    def ask(self, *words: str) -> tuple[int, str]:
        """The exit code of a management command, and what it said."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(
            command, env=self.environment, cwd=ROOT, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    def _forget(self, error: type[BaseException] | None, *_: object) -> None:
        """Remove the run's files, unless somebody should look into them."""
        if self.keep and error is not KeyboardInterrupt:
            say(f"  The logs and what was found are kept in {self.folder}")
        else:
            remove(self.folder)

    def _sweep(self) -> None:
        """End whatever of this run still lives, also what is just being started."""
        try:
            if self.keeper is not None:
                self.keeper.stop()
        finally:
            while left := marked(RUN, self.run):
                kill_all(left)
                time.sleep(0.1)


def wait_for(
    condition: Callable[[], object], trouble: str, within_s: float = READY_WITHIN_S
) -> None:
    """Return when the condition holds.

    Raises: TimeoutError with the trouble.
    """
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(trouble)
        time.sleep(0.2)
