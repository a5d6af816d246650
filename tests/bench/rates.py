"""Answers a second of several servers, in rounds in which they take turns."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.inside import ratio
from tests.bench.posting import Job, Posted, post
from tests.bench.serving import Server

ROUNDS, ROUNDS_QUICK = 5, 2
SECONDS, SECONDS_QUICK = 1.5, 0.7
WARM_UP_S = 0.5


@dataclass(frozen=True, slots=True)
class Contender:
    """One thing to post to a server."""

    server: Server
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    bodies: Sequence[str] = ("{}",)

    def job(self, seconds: float) -> Job:
        """The job for a process that posts."""
        return Job(self.server.port, self.path, self.headers, self.bodies, seconds=seconds)


@dataclass(slots=True)
class Rate:
    """What one contender reached, round by round.

    Units: `cpu_ms` is the server's processor time for one answer.
    """

    posted: list[Posted] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        """Answers a second of each round."""
        return [each.rate for each in self.posted]

    @property
    def rate(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rates)

    def __str__(self) -> str:
        p50 = statistics.median(each.p50_s for each in self.posted) * 1000
        p99 = statistics.median(each.p99_s for each in self.posted) * 1000
        spent = statistics.median(each.cpu_s / each.took_s for each in self.posted)
        return (
            f"{min(self.rates):.0f} to {max(self.rates):.0f} a second, p50 {p50:.1f} ms, "
            f"p99 {p99:.1f} ms, {statistics.median(self.cpu_ms):.2f} ms of the server's "
            f"processors an answer; the poster took {spent / (os.cpu_count() or 1):.0%} of all"
        )


def rates(contenders: Mapping[str, Contender], *, quick: bool = False) -> dict[str, Rate]:
    """What each reaches; a round measures every one of them once."""
    seconds = SECONDS_QUICK if quick else SECONDS
    for each in contenders.values():
        post(each.job(WARM_UP_S))
    found = {name: Rate() for name in contenders}
    for _ in range(ROUNDS_QUICK if quick else ROUNDS):
        for name, each in contenders.items():
            before = each.server.cpu_s()
            posted = post(each.job(seconds))
            found[name].posted.append(posted)
            used = each.server.cpu_s() - before
            found[name].cpu_ms.append(used / posted.answers * 1000)
    return found


def share(above: Rate, below: Rate) -> float:
    """The median of the rounds' ratios."""
    return ratio(above.rates, below.rates)
