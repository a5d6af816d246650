"""The faults of the sandboxes, which change all the time."""

from __future__ import annotations

import random
import threading
from typing import Any

import requests

from tests.faults import plan
from tests.faults.sandboxes import Sandbox
from tests.faults.saying import say
from tests.faults.scene import BULK

WEATHER_S = (2.0, 5.0)
SPARED = 8


class Weather(threading.Thread):
    """Changes the sandboxes' faults all the time, three kinds on at once.

    Why: an import is given up for five minutes at the first thing that goes
    wrong before it was queued, so that its own requests are mostly left to the
    faults that come with a burst.
    """

    def __init__(self, sandboxes: list[Sandbox], *, dice: random.Random) -> None:
        super().__init__(name="weather", daemon=True)
        self.sandboxes, self.dice = sandboxes, dice
        self._over = threading.Event()

    def run(self) -> None:
        """Change until asked to stop."""
        kinds = plan.weather(self.dice)
        on: dict[str, list[str]] = {sandbox.name: [] for sandbox in self.sandboxes}
        while not self._over.is_set():
            for sandbox in self.sandboxes:
                name, options = next(kinds)
                if sandbox.name in BULK and self.dice.randrange(SPARED):
                    options = {**plan.CONTACTS, **options}
                self._change(sandbox, on[sandbox.name], name, options)
            self._over.wait(self.dice.uniform(*WEATHER_S))

    def _change(self, sandbox: Any, on: list[str], name: str, options: dict[str, Any]) -> None:
        try:
            if len(on) > 2 and not sandbox.is_reserved(last := on.pop(0)):
                sandbox.clear(last)
            if sandbox.is_reserved(name):
                return
            sandbox.fault(name, **options)
            on.append(name)
        except requests.RequestException as error:
            say(f"  a sandbox did not take a fault: {type(error).__name__}")

    def stop(self) -> None:
        """Change nothing more."""
        self._over.set()
        self.join()
