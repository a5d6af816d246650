"""How many deliveries are held over a connection, as the room that keeps them tells.

Why: deliveries stand above connections, so they register here what they know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Held:
    """Held deliveries of one connection; `url` leads to their list.

    Shape: `more` says that there are more than were counted.
    """

    count: int
    more: bool
    url: str

    @property
    def words(self) -> str:
        """How many, for people."""
        if self.count == 1 and not self.more:
            return "1 delivery waits"
        many = f"more than {self.count:,}" if self.more else f"{self.count:,}"
        return f"{many} deliveries wait"


Teller = Callable[[Collection[UUID]], Mapping[UUID, Held]]

_tellers: list[Teller] = []


def tell_with(teller: Teller) -> None:
    """Let this function tell from now on; only the latest one is asked."""
    _tellers[:] = [teller]


def held_over(connections: Collection[UUID]) -> Mapping[UUID, Held]:
    """What is held over each of the connections; those with nothing held are left out."""
    return _tellers[0](connections) if _tellers and connections else {}
