"""Which database goes with which broker, and how a run names them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Combination:
    """A database and a broker of django-q2's queue."""

    database: str
    broker: str

    def __str__(self) -> str:
        return f"{self.database}-{self.broker}"


ALL = tuple(
    Combination(database, broker)
    for database in ("sqlite", "postgresql")
    for broker in ("database", "redis")
)
SOAKED = (ALL[0], ALL[3])


def named(names: Iterable[str]) -> tuple[Combination, ...]:
    """The combinations of these names, in the order given.

    Raises: ValueError with a sentence.
    """
    known = {str(combination): combination for combination in ALL}
    wanted = list(names)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"There is no combination {unknown[0]}. Use some of: {', '.join(known)}.")
    return tuple(known[name] for name in wanted)
