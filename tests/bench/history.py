"""What reading history costs with 10,000 and with 1,000,000 deliveries, asked in turn."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby

from django.test import override_settings

from tests.bench.bench import Bench
from tests.bench.figures import Line, at_most
from tests.bench.past import make_past
from tests.bench.requests_of import Ask, Browser, requests_of
from tests.bench.two_homes import Side, two_sides
from tests.bench.world import read_statistics

SIZES, SIZES_QUICK = (10_000, 1_000_000), (10_000, 100_000)
ROUNDS, ROUNDS_QUICK = 5, 5
WARM = 1
AIM_MS = 10.0
AIM_GROWTH = 1.5
UNTHROTTLED = {"THROTTLE_API_PER_SECOND": 1e6, "THROTTLE_API_BURST": 1_000_000}


@dataclass
class Cost:
    """What one request took on one side, round by round. Units: milliseconds."""

    database: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    shown: int = 0
    statements: int = 0


@dataclass(frozen=True)
class Compared:
    """One request on the small and on the large side."""

    ask: Ask
    small: Cost
    large: Cost

    @property
    def database_ms(self) -> float:
        """The median time in the database on the large side."""
        return statistics.median(self.large.database)

    @property
    def growth(self) -> float:
        """The median on the large side ÷ that on the small one, time in the database."""
        return self.database_ms / statistics.median(self.small.database)

    @property
    def wall_growth(self) -> float:
        """The same of the whole request."""
        return statistics.median(self.large.wall) / statistics.median(self.small.wall)

    @property
    def is_fair(self) -> bool:
        """Whether both sides showed as many rows."""
        return self.small.shown == self.large.shown

    def __str__(self) -> str:
        shown = (
            f"{self.large.shown}" if self.is_fair else f"{self.small.shown} and {self.large.shown}!"
        )
        wall = statistics.median(self.large.wall)
        return (
            f"{self.ask.name} [{shown}] {self.database_ms:.2f} ms {self.growth:.2f}×, "
            f"all {wall:.0f} ms {self.wall_growth:.2f}×"
        )


def measure(bench: Bench) -> Iterator[Line]:
    """Lines for each group of requests: the dearest in the database, and the steepest."""
    sizes = SIZES_QUICK if bench.quick else SIZES
    rounds = ROUNDS_QUICK if bench.quick else ROUNDS
    with two_sides() as sides, override_settings(**UNTHROTTLED), ExitStack() as stack:
        asked = []
        for side, size in zip(sides, sizes, strict=True):
            with side.here():
                world = make_past(size)
                read_statistics()
                asked.append((side, Browser(world), list(requests_of(world))))
        gc.freeze()
        stack.callback(gc.unfreeze)
        compared = list(_compared(asked, rounds=rounds))
    for group, members in groupby(compared, key=lambda each: each.ask.group):
        yield from _lines(bench, group, list(members))


def _compared(asked: list[tuple[Side, Browser, list[Ask]]], *, rounds: int) -> Iterator[Compared]:
    for asks in zip(*(requests for _, _, requests in asked), strict=True):
        costs = [Cost() for _ in asks]
        for turn in range(WARM + rounds):
            for (side, browser, _), ask, cost in zip(asked, asks, costs, strict=True):
                _ask(side, browser, ask, cost, counts=turn >= WARM)
        yield Compared(asks[-1], *costs)


def _ask(side: Side, browser: Browser, ask: Ask, cost: Cost, *, counts: bool) -> None:
    with side.here() as clock:
        began = time.perf_counter()
        cost.shown = browser.ask(ask)
        took = time.perf_counter() - began
    if counts:
        cost.database.append(clock.spent_s * 1000)
        cost.wall.append(took * 1000)
        cost.statements = clock.statements


def _lines(bench: Bench, group: str, members: list[Compared]) -> Iterator[Line]:
    dearest = max(members, key=lambda each: each.database_ms)
    steepest = max(members, key=lambda each: each.growth)
    slowest = max(members, key=lambda each: each.wall_growth)
    yield bench.line(
        f"{group}: in the database, the dearest",
        **at_most(dearest.database_ms, AIM_MS, unit=" ms"),
        note="; ".join(map(str, members)),
    )
    yield bench.line(
        f"{group}: in the database, the steepest",
        **at_most(steepest.growth, AIM_GROWTH, unit="×"),
        note=str(steepest),
    )
    yield bench.line(
        f"{group}: the whole request, the steepest",
        **at_most(slowest.wall_growth, AIM_GROWTH, unit="×"),
        note=str(slowest),
    )
    if unfair := [each for each in members if not each.is_fair]:
        note = "; ".join(map(str, unfair))
        yield bench.line(
            f"{group}: pages unlike", measured=str(len(unfair)), within=False, note=note
        )
