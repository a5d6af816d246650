"""How the slots of one account are shared out among live deliveries, retries and replays.

Live goes before retry, retry before replay; but who waits gets at least a share. Pure.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType

from deliveries.models import Priority

LEAST: Mapping[Priority, float] = MappingProxyType(
    {Priority.RETRY: 0.2, Priority.REPLAY: 0.1},
)
"""The part of the slots that a class gets at least while some of it waits."""

MOST_CREDIT = 2.0


class Shares:
    """The account of what each class is owed.

    Units: slots. A class that is owed a whole one goes first, and loses what
    it is owed when none of it waits.
    """

    def __init__(self) -> None:
        self._owed = dict.fromkeys(LEAST, 0.0)
        self._guard = threading.Lock()

    def first(self) -> Priority | None:
        """The class whose turn it is out of order; taken up front, so only one asks for it."""
        with self._guard:
            owed = [name for name, slots in self._owed.items() if slots >= 1.0]
            if not owed:
                return None
            chosen = max(owed, key=self._owed.__getitem__)
            self._owed[chosen] -= 1.0
            return chosen

    def none_waits(self, priority: Priority) -> None:
        """Nothing of the class was there to go first."""
        with self._guard:
            self._owed[priority] = 0.0

    def spent(self, slots: int) -> None:
        """So many slots of the account were used, by whichever class."""
        with self._guard:
            for name, share in LEAST.items():
                self._owed[name] = min(MOST_CREDIT, self._owed[name] + share * slots)
