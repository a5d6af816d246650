"""Keeps the first calls to an account apart that has no row, and so no slots, yet."""

from __future__ import annotations

import time
from collections.abc import Callable

from connections.models import default_rate
from connections.pace import SHARE


class Spaced:
    """Waits before every call but the first, as long as a slot would last."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._next = 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if self._next > now:
            self._sleep(self._next - now)
        self._next = max(self._next, now) + 1.0 / (default_rate() * SHARE)
