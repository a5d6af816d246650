"""Tokens that a process takes from a shared bucket before it needs them.

Why: a question to Redis for every event costs a tenth of the whole request. So a key that
sends fast is asked for once in a while, for as many tokens as its last requests used up.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

AHEAD_S = 0.1
LAPSES_AFTER_S = 1.0


@dataclass(slots=True)
class _Advance:
    """One key's; `spent` counts since `asked_at`."""

    asked_at: float
    left: int = 0
    spent: int = 0


class Advances:
    """The advances of this process; the least recently used are forgotten first."""

    def __init__(self, *, kept: int) -> None:
        self._advances: OrderedDict[Hashable, _Advance] = OrderedDict()
        self._kept = kept
        self._guard = Lock()

    def spend(self, key: Hashable, *, cost: int, now: float) -> bool:
        """Whether an advance paid for this; after a second it is worth nothing.

        Units: `now` in seconds.
        """
        with self._guard:
            mine = self._advances.get(key)
            if mine is None or mine.left < cost or now - mine.asked_at >= LAPSES_AFTER_S:
                return False
            mine.left -= cost
            mine.spent += cost
            return True

    def worth_taking(self, key: Hashable, *, cost: int, rate: float, now: float) -> int:
        """How many tokens more than needed to ask for.

        Shape: what a tenth of a second will use up if the key goes on as it did,
        and at most what its budget gives in that time; none that another request
        like this one could not be paid with. Units: `rate` in tokens a second.
        """
        mine = self._advances.get(key)
        if mine is None:
            return 0
        passed = max(now - mine.asked_at, AHEAD_S / 1000)
        ahead = int(min(mine.spent / passed, rate) * AHEAD_S)
        return ahead if ahead >= cost else 0

    def note(self, key: Hashable, *, cost: int, left: int, now: float) -> None:
        """Remember what was granted: so much is spent, so much is left beside what was."""
        with self._guard:
            old = self._advances.pop(key, None)
            if old is not None and now - old.asked_at < LAPSES_AFTER_S:
                left += old.left
            self._advances[key] = _Advance(now, left, cost)
            if len(self._advances) > self._kept:
                self._advances.popitem(last=False)
