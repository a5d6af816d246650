"""The web server and the worker as child processes that end when the demonstration does."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from deliveries import beats

READY_WITHIN_S = 40.0


class DidNotStart(Exception):
    """A child process ended or stayed silent; the message says where to look."""


def port_is_free(port: int) -> bool:
    """Whether a server of ours can listen on this local port."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Children:
    """Started processes; leaving the `with` block ends them all, worker first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        for _name, child in reversed(self.running):
            child.send_signal(signal.SIGTERM)
        for _name, child in reversed(self.running):
            try:
                child.wait(timeout=70)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def start_web(self, port: int) -> None:
        """Serve the application on the port and wait until it is ready.

        Raises: DidNotStart.
        """
        options = ["--bind", f"127.0.0.1:{port}", "--threads", "4", "--worker-tmp-dir", "/tmp"]  # noqa: S108
        if not os.access("/tmp", os.W_OK):  # noqa: S108
            options = options[:4]
        self._start("web", [sys.executable, "-m", "gunicorn", "meshes.wsgi", *options])
        self._wait("web", lambda: _answers(port))

    def start_worker(self) -> None:
        """Run the delivery worker and wait until it looks for work.

        Raises: DidNotStart.
        """
        manage = str(settings.BASE_DIR / "manage.py")
        self._start("worker", [sys.executable, manage, "worker"])
        self._wait("worker", lambda: beats.alive("pump") > 0)

    def check(self) -> None:
        """Nothing while all children run.

        Raises: DidNotStart naming the one that ended.
        """
        for name, child in self.running:
            if child.poll() is not None:
                raise DidNotStart(
                    f"The {name} process ended with code {child.returncode}. "
                    f"Its last words are in {self._log(name)}."
                )

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _start(self, name: str, command: list[str]) -> None:
        with self._log(name).open("wb") as log:
            child = subprocess.Popen(  # noqa: S603  our own commands with no outside input
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=settings.BASE_DIR,
                start_new_session=True,
            )
        self.running.append((name, child))

    def _wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            self.check()
            if is_ready():
                return
            time.sleep(0.1)
        raise DidNotStart(f"The {name} process stayed silent. Look into {self._log(name)}.")


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        line.close()
