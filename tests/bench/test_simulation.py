"""The model says what the bench measured, and what arithmetic says."""

from __future__ import annotations

import pytest

from tests.bench.capacity import (
    Demand,
    TooMuch,
    bytes_an_event,
    connections,
    removed_per_s,
    size_for,
)
from tests.bench.costs import POSTGRES, SQLITE, Costs
from tests.bench.simulation import GAP_S, Outcome, Plan, Processors, Simulation

# Deliveries a second of the rows `drain` in docs/performance.md, two cores for everything: of the
# last run for PostgreSQL and of the full one for SQLite, as are their costs. The row of 20 accounts
# at 300 ms on SQLite is not here: one answer of 429 paused one of its accounts.
MEASURED = [
    (1, 100, 0.15, POSTGRES, 100 / (20 * 1.05)),
    (1, 100, 0.3, POSTGRES, 100 / (20 * 1.07)),
    (20, 100, 0.15, POSTGRES, 93),
    (20, 100, 0.3, POSTGRES, 92),
    (200, 12, 0.15, POSTGRES, 139),
    (200, 12, 0.3, POSTGRES, 131),
    (1, 100, 0.15, SQLITE, 100 / (20 * 1.05)),
    (20, 100, 0.15, SQLITE, 94),
    (200, 12, 0.15, SQLITE, 176),
    (200, 12, 0.3, SQLITE, 137),
]


def drained(accounts: int, backlog: int, latency_s: float, costs: Costs) -> Outcome:
    plan = Plan(accounts, latency_s, backlog=backlog, machine_cores=2, costs=costs)
    return Simulation(plan).run()


@pytest.mark.parametrize(("accounts", "backlog", "latency_s", "costs", "measured"), MEASURED)
def test_a_played_backlog_drains_as_fast_as_the_measured_one(
    accounts: int, backlog: int, latency_s: float, costs: Costs, measured: float
) -> None:
    outcome = drained(accounts, backlog, latency_s, costs)

    assert outcome.per_s == pytest.approx(measured, rel=0.15)
    assert (outcome.delivered, outcome.left) == (accounts * backlog, 0)


def test_no_account_is_called_faster_than_its_pace() -> None:
    outcome = drained(1, 20, 0.01, POSTGRES)

    assert outcome.took_s >= 19 * GAP_S


def test_processors_serve_one_after_the_other() -> None:
    two = Processors(2)

    assert [two.take(0.0, 1.0) for _ in range(3)] == [1.0, 1.0, 2.0]
    assert two.used_s == 3.0


def test_work_that_needs_two_things_waits_for_both() -> None:
    machine, interpreter = Processors(2), Processors(1)
    machine.take(0.0, 5.0)
    machine.take(0.0, 3.0)

    assert interpreter.take(0.0, 1.0, with_=machine) == 4.0


def test_a_size_that_fits_keeps_up_and_one_that_does_not_falls_behind() -> None:
    enough = Plan(50, events_per_s=100.0, seconds=10.0, workers=1, database_cores=2)
    little = Plan(50, events_per_s=100.0, seconds=10.0, workers=1, senders=5, database_cores=2)

    assert Simulation(enough).run().left < 20
    assert Simulation(little).run().left > 300


def test_a_demand_that_no_machine_can_meet_is_refused() -> None:
    with pytest.raises(TooMuch, match="10 accounts take 48 calls a second and 50 are needed"):
        size_for(Demand(50, 10))


def test_a_size_leaves_room_for_bursts() -> None:
    size = size_for(Demand(1_000, 1_000), costs=Costs(intake_ms=3.0, delivery_ms=3.0))

    assert (size.webs, size.workers) == (5, 6)


def test_connections_are_those_of_architecture() -> None:
    assert connections(webs=3, workers=2) == 3 * 4 + 2 * (4 + 80 + 3)


def test_an_event_grows_by_its_deliveries() -> None:
    costs = Costs(event_bytes=1_000, delivery_bytes=200, attempt_bytes=30)

    assert bytes_an_event(Demand(1, 1, deliveries_per_event=3), costs=costs) == 1_690


def test_housekeeping_removes_a_quarter_of_the_time_less_its_breaks() -> None:
    costs = Costs(removal_ms=1.0, removal_database_ms=1.0)

    assert removed_per_s(costs=costs, duty=0.8) == pytest.approx(100)
