"""The accounts of the run: one sandbox process each, driven through its control pages."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import requests

from tests.faults.programs import ROOT, Program, free_port

PAGE = 1000
DRAIN_EVERY_S = 0.5
READY_WITHIN_S = 30.0
JSON = {"Content-Type": "application/json"}


class Call(NamedTuple):
    """One request that reached a sandbox, as its log tells it.

    Units: `at` in epoch seconds of the sandbox, `took_s` in seconds.
    """

    account: str
    seq: int
    at: float
    took_s: float
    status: int | None
    outcome: str
    fault: str
    applied: bool
    email: str
    kind: str
    target: str
    wanted: str
    method: str = ""
    path: str = ""


class Sandbox:
    """One account in a process of its own.

    Shape: a fault switch in `reserved` is nobody else's until that moment of
    `time.monotonic`.
    """

    def __init__(
        self,
        name: str,
        *,
        rate: float,
        latency_s: float,
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.name, self.key = name, f"key-of-{name}"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        options = ["--port", str(port), "--key", self.key, "--rate", str(rate)]
        options += ["--latency", str(latency_s)]
        command = [sys.executable, str(ROOT / "manage.py"), "sandbox", *options]
        self.program = Program(f"sandbox-{name}", command, environment=environment, folder=folder)
        self.program.kept = False
        self.calls: list[Call] = []
        self.reserved: dict[str, float] = {}
        self._last = 0
        self._session = requests.Session()
        self.program.start()

    def wait(self) -> None:
        """Return when it answers.

        Raises: TimeoutError.
        """
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            try:
                self.read("settings")
            except requests.RequestException:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"A sandbox did not start; look into {self.program.log}.")

    def read(self, page: str) -> Any:
        """A control page as JSON."""
        answer = self._session.get(f"{self.url}/control/{page}", timeout=10)
        answer.raise_for_status()
        return answer.json()

    def fault(self, name: str, **options: Any) -> None:
        """Throw a fault switch."""
        self.act("faults", name=name, **options)

    def reserve(self, name: str, *, for_s: float) -> None:
        """Keep a fault switch as it is for a while."""
        self.reserved[name] = time.monotonic() + for_s

    def is_reserved(self, name: str) -> bool:
        """Whether somebody else needs the switch now."""
        return self.reserved.get(name, 0.0) > time.monotonic()

    def act(self, deed: str, **body: Any) -> Any:
        """Change something in the account, as its owner could."""
        answer = self._session.post(f"{self.url}/control/{deed}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def clear(self, name: str = "") -> None:
        """Turn one fault switch off, or all."""
        url = f"{self.url}/control/faults" + (f"?name={name}" if name else "")
        self._session.delete(url, headers=JSON, timeout=10).raise_for_status()

    def drain(self) -> None:
        """Take over what the log has of finished requests."""
        while True:
            rows = self.read(f"requests?since={self._last}&limit={PAGE}")["requests"]
            for row in rows:
                # An answer that still waits may yet change; it is read again later.
                if row["outcome"] == "waiting":
                    return
                self.calls.append(_call(self.name, row))
                self._last = row["seq"]
            if len(rows) < PAGE:
                return


class Drain(threading.Thread):
    """Empties the sandboxes' logs all the time, as they are bounded."""

    def __init__(self, sandboxes: list[Sandbox]) -> None:
        super().__init__(name="drain", daemon=True)
        self.sandboxes = sandboxes
        self.error: Exception | None = None
        self._over = threading.Event()

    def run(self) -> None:
        """Drain until asked to stop."""
        while not self._over.wait(DRAIN_EVERY_S):
            try:
                for sandbox in self.sandboxes:
                    sandbox.drain()
            except requests.RequestException as error:
                self.error = error

    def stop(self) -> None:
        """Stop, and read what is left."""
        self._over.set()
        if self.is_alive():
            self.join()
        for sandbox in self.sandboxes:
            sandbox.drain()


def _call(account: str, row: Mapping[str, Any]) -> Call:
    about = row["about"]
    return Call(
        account=account,
        seq=row["seq"],
        at=row["at"],
        took_s=row["took_s"] or 0.0,
        status=row["status"],
        outcome=row["outcome"],
        fault=row["fault"],
        applied=row["applied"],
        email=about.get("email", ""),
        kind=about.get("kind", ""),
        target=about.get("target", ""),
        wanted=about.get("wanted", ""),
        method=row["method"],
        path=row["path"],
    )
