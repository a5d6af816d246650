"""What a check found, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """A promise, how much was looked at, and what broke it."""

    promise: str
    looked_at: int
    broken: tuple[str, ...] = ()
    note: str = ""
    least: int = field(default=1)

    @property
    def ok(self) -> bool:
        """Whether the promise held, and held for something."""
        return not self.broken and self.looked_at >= self.least

    def lines(self) -> list[str]:
        """The verdict as people read it, with the first things that broke it."""
        word = "held  " if self.ok else "BROKEN"
        note = f"; {self.note}" if self.note else ""
        found = [f"  {word} {self.promise} ({self.looked_at:,} looked at{note})"]
        found += [f"           {text}" for text in self.broken[:SHOWN]]
        if len(self.broken) > SHOWN:
            found.append(f"           and {len(self.broken) - SHOWN:,} more")
        if self.looked_at < self.least:
            found.append("           nothing was there to be looked at")
        return found


def all_held(verdicts: Iterable[Verdict]) -> bool:
    """Whether every promise held."""
    return all(verdict.ok for verdict in verdicts)
