"""Keeps the calls of this process to one account a whole gap apart, whenever they really leave.

Slots in the database are that far apart; this is about threads that wake up late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Departures:
    """When the last call of this process to each account left.

    Units: seconds of the monotonic clock.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._guard = threading.Lock()
        self._gaps: dict[int, float] = {}
        self._left: dict[int, float] = {}

    def keep_apart(self, account_id: int, *, seconds: float) -> None:
        """Let calls to this account leave no closer than this from now on."""
        self._gaps[account_id] = seconds

    def wait(self, account_id: int) -> None:
        """Return a whole gap after the account's last call left; at once for its first."""
        gap = self._gaps.get(account_id, 0.0)
        with self._guard:
            now = self._clock()
            leaves_at = max(now, self._left.get(account_id, now - gap) + gap)
            self._left[account_id] = leaves_at
        if leaves_at > now:
            self._sleep(leaves_at - now)
