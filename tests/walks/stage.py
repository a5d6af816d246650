"""The real programs that the walks are taken on, started in order and ended in any case."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.faults.programs import ROOT, RUN, Program, free_port, kill_all, marked
from tests.faults.sandboxes import Sandbox
from tests.faults.saying import say
from tests.faults.servers import remove
from tests.faults.surroundings import own_environment

READY_WITHIN_S = 60.0
WEB, SANDBOX, KEY = "MESHES_WALKS_WEB", "MESHES_WALKS_SANDBOX", "MESHES_WALKS_KEY"


class Stage:
    """Web server, worker and sandbox on a database of their own, while the block runs.

    Shape: `environment` is what programs and walks start with; it says where
    everything answers.
    """

    def __enter__(self) -> Stage:
        self.folder = Path(tempfile.mkdtemp(prefix="meshes-walks-"))
        self.run = uuid.uuid4().hex
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            self._start()
        except BaseException:
            self._end(failed=True)
            raise
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._end(failed=error not in (None, KeyboardInterrupt))

    def _start(self) -> None:
        port = free_port()
        here = {"PUBLIC_URL": f"http://127.0.0.1:{port}", WEB: f"http://127.0.0.1:{port}"}
        self.environment = {
            **own_environment(self.folder, run=self.run),
            "DJANGO_SETTINGS_MODULE": "meshes.settings",
            **here,
        }
        manage = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run(
            [*manage, "migrate", "--verbosity", "0"], env=self.environment, cwd=ROOT, check=True
        )
        sandbox = Sandbox(
            "walks", rate=50, latency_s=0, folder=self.folder, environment=self.environment
        )
        options = ["--bind", f"127.0.0.1:{port}", "--threads", "4"]
        options += ["--worker-tmp-dir", str(self.folder)]
        self._program("web", [sys.executable, "-m", "gunicorn", "meshes.wsgi", *options])
        self._program("worker", [*manage, "worker"])
        sandbox.wait()
        self.environment |= {SANDBOX: sandbox.url, KEY: sandbox.key}
        wait_for(lambda: _answers(port), f"The web server is silent; see {self.folder}.")

    def _program(self, name: str, command: list[str]) -> None:
        Program(name, command, environment=self.environment, folder=self.folder).start()

    def _end(self, *, failed: bool) -> None:
        while left := marked(RUN, self.run):
            kill_all(left)
            time.sleep(0.1)
        if failed:
            say(f"The logs of the programs are kept in {self.folder}")
        else:
            remove(self.folder)


def wait_for(condition: Callable[[], Any], trouble: str, within_s: float = READY_WITHIN_S) -> Any:
    """What the condition gave at last.

    Raises: TimeoutError with the trouble.
    """
    until = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > until:
            raise TimeoutError(trouble)
        time.sleep(0.1)
    return found


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        line.close()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
