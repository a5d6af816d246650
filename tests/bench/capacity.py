"""The capacity model: from events a second to processes, connections and disk; printed as a table.

    python -m tests.bench.capacity

Sizes follow from what one of each costs (`tests/bench/costs.py`); each size is then played in
virtual time (`tests/bench/simulation.py`), which shows whether it keeps up and how long calls wait.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tests.bench.costs import (
    POSTGRES,
    RETENTION_DUTY,
    RETENTION_S_A_MINUTE,
    SQLITE,
    Costs,
)
from tests.bench.simulation import GAP_S, Outcome, Plan, Simulation

BUSY = 0.6
"""The part of its time that a process or a processor may work, so that bursts find room."""

THREADS, SENDERS, MOST_SENDERS, PROCESSES = 4, 48, 80, 4
LATENCY_S = 0.15
DAY_S = 86_400
MOST_EVENTS = 100_000
"""A play is as long as so many events take, and half a minute at most."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What comes in, and for how many accounts."""

    events_per_s: float
    accounts: int
    deliveries_per_event: float = 1.0
    calls_per_delivery: float = 1.0

    @property
    def deliveries_per_s(self) -> float:
        """Deliveries a second, of all accounts."""
        return self.events_per_s * self.deliveries_per_event


@dataclass(frozen=True, slots=True)
class Size:
    """What carries a demand.

    Shape: `database_cores` are processors; `connections` the most to the database.
    Units: `bytes_a_day` before retention removes as much.
    """

    webs: int
    workers: int
    database_cores: int
    connections: int
    bytes_a_day: float


class TooMuch(Exception):
    """The accounts allow fewer calls than the demand needs, however many machines there are."""


def size_for(demand: Demand, *, costs: Costs = POSTGRES, latency_s: float = LATENCY_S) -> Size:
    """The processes and processors that this demand needs, working for six tenths of the time.

    Raises: TooMuch.
    """
    _check(demand)
    events, deliveries = demand.events_per_s, demand.deliveries_per_s
    hold_s = demand.calls_per_delivery * latency_s + costs.delivery_ms / 1000
    work = deliveries * costs.delivery_ms / 1000
    webs = _needed(events * costs.intake_ms / 1000)
    workers = max(_needed(work), _needed(deliveries * hold_s / SENDERS))
    database = events * (costs.intake_database_ms + costs.removal_database_ms)
    database += deliveries * costs.delivery_database_ms
    return Size(
        webs=webs,
        workers=workers,
        database_cores=_needed(database / 1000),
        connections=connections(webs=webs, workers=workers),
        bytes_a_day=events * bytes_an_event(demand, costs=costs) * DAY_S,
    )


def connections(*, webs: int, workers: int) -> int:
    """The most connections to the database: threads of web processes, and all of a worker."""
    return webs * THREADS + workers * (PROCESSES + MOST_SENDERS + 3)


def bytes_an_event(demand: Demand, *, costs: Costs) -> float:
    """What an event leaves on the disk with its deliveries and an attempt of each."""
    each = costs.delivery_bytes + costs.attempt_bytes
    return costs.event_bytes + demand.deliveries_per_event * each


def removed_per_s(*, costs: Costs, duty: float) -> float:
    """How many events a second housekeeping can remove in the long run."""
    work_s = RETENTION_S_A_MINUTE * duty / 60
    return work_s / ((costs.removal_ms + costs.removal_database_ms) / 1000)


def play(demand: Demand, size: Size) -> Outcome:
    """What comes of this demand with this size."""
    return Simulation(
        Plan(
            accounts=demand.accounts,
            latency_s=LATENCY_S,
            events_per_s=demand.events_per_s,
            deliveries_per_event=demand.deliveries_per_event,
            seconds=min(30.0, MOST_EVENTS / demand.events_per_s),
            webs=size.webs,
            workers=size.workers,
            senders=SENDERS,
            database_cores=size.database_cores,
        )
    ).run()


def _check(demand: Demand) -> None:
    calls = demand.deliveries_per_s * demand.calls_per_delivery
    allowed = demand.accounts / GAP_S
    if calls > allowed:
        raise TooMuch(
            f"{demand.accounts} accounts take {allowed:.0f} calls a second and {calls:.0f} are "
            "needed: raise their limits, or import in bulk."
        )


def _needed(busy: float) -> int:
    return max(1, math.ceil(busy / BUSY))


DEMANDS = (
    Demand(1, 1),
    Demand(10, 20),
    Demand(100, 200),
    Demand(500, 500),
    Demand(1_000, 1_000),
    Demand(5_000, 2_500),
    Demand(10_000, 5_000),
)
ON_PAPER = (Demand(20_000, 10_000), Demand(50_000, 25_000))
HEAD = (
    "| Events a second | Accounts | Web processes | Workers | Database processors | Connections "
    "| Growth a day | Delivered a second | Wait p50, p90, p99 |\n| --- " + "| --- " * 8 + "|"
)


def rows(demands: Sequence[Demand], *, played: bool) -> Iterator[str]:
    """A line of the table for each demand."""
    for demand in demands:
        size = size_for(demand)
        cells = [
            f"{demand.events_per_s:,.0f}", f"{demand.accounts:,}", size.webs, size.workers,
            size.database_cores, f"{size.connections:,}", f"{size.bytes_a_day / 1e9:,.1f} GB",
        ]  # fmt: skip
        cells += _seen(play(demand, size)) if played else ["on paper", ""]
        yield "| " + " | ".join(str(cell) for cell in cells) + " |"


def _seen(outcome: Outcome) -> list[str]:
    waits = ", ".join(f"{outcome.wait(share) * 1000:.0f}" for share in (0.5, 0.9, 0.99))
    return [f"{outcome.per_s:,.0f}", f"{waits} ms"]


def main() -> int:
    """Print the table."""
    for line in chain([HEAD], rows(DEMANDS, played=True), rows(ON_PAPER, played=False)):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    for name, costs in (("PostgreSQL", POSTGRES), ("SQLite", SQLITE)):
        most = removed_per_s(costs=costs, duty=RETENTION_DUTY[name])
        million = bytes_an_event(Demand(1, 1), costs=costs) / 1e3
        sys.stdout.write(
            f"{name}: {million:.1f} GB per million events with one delivery each; "
            f"housekeeping removes up to {most:.0f} events a second.\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
