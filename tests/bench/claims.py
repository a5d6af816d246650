"""What a look for work costs with ever more history behind it."""

from __future__ import annotations

import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator

from connections.models import Account
from deliveries.claiming import claim, due_accounts, release
from deliveries.models import Status
from deliveries.sweeping import SWEEPS
from rules.models import Rule
from tests.bench.bench import Bench
from tests.bench.figures import Line, at_most
from tests.bench.filling import fill, settle, wake_up
from tests.bench.world import read_statistics
from tests.builders import make_account, make_connection, make_rule, make_workspace

ACCOUNTS = 20
SIZES, SIZES_QUICK = (10_000, 100_000, 1_000_000), (10_000, 100_000)
BATCHES, BATCH = 6, 40
LONG_ENOUGH_S = 10.0
AIM_MS = 3.0
AIM_GROWTH = 1.5
FLOOR = "one small update"
QUIET = "claim, statistics of a quiet time"

Look = Callable[[], Callable[[], object]]
"""Does what is timed, and returns how to undo it."""


def measure(bench: Bench) -> Iterator[Line]:
    """A line for each statement that every pump runs every second or more often."""
    rules = _rules()
    costs: dict[str, list[float]] = defaultdict(list)
    filled = 0
    sizes = SIZES_QUICK if bench.quick else SIZES
    for size in sizes:
        settle()
        fill(rules[0], first=filled + 1, last=size // ACCOUNTS)
        filled = size // ACCOUNTS
        read_statistics()
        wake_up()
        costs[QUIET].append(_cost_ms(_looks()["claim"]))
        read_statistics()
        for name, look in _looks().items():
            costs[name].append(_cost_ms(look))
    for name, series in costs.items():
        yield from _lines(bench, name, series, sizes=sizes)


def _rules() -> list[Rule]:
    """One rule for each account, all of one workspace and one event."""
    workspace = make_workspace()
    rules = []
    for number in range(ACCOUNTS):
        account = make_account(key=f"account-{number}")
        own = make_connection(workspace=workspace, account=account, name=f"account-{number}")
        rules.append(make_rule(connection=own, event="finished"))
    return rules


def _looks() -> dict[str, Look]:
    """What is timed, by name."""
    accounts = list(Account.objects.values_list("pk", flat=True))
    owner, turn = str(uuid.uuid4()), iter(range(10**9))

    def claimed() -> Callable[[], object]:
        held = claim(accounts[next(turn) % len(accounts)])
        if held is None:
            raise RuntimeError("There was nothing to claim.")
        return lambda: release(held, status=Status.PENDING)

    def looked() -> Callable[[], object]:
        if len(due_accounts(owner)) != ACCOUNTS:
            raise RuntimeError("Not every account had due work.")
        return lambda: None

    looks = {FLOOR: _plain(_touch), "claim": claimed, "due_accounts": looked}
    return looks | {sweep.__name__: _plain(sweep) for sweep in SWEEPS}


def _plain(act: Callable[[], object]) -> Look:
    def look() -> Callable[[], object]:
        act()
        return lambda: None

    return look


def _touch() -> None:
    """The least that a claim could cost: one row by its key, and the commit."""
    Account.objects.filter(key="account-0").update(next_slot=0.0)


def _cost_ms(look: Look) -> float:
    """The smallest median of several batches; what undoes a look is not counted.

    Why: other work on the machine makes some batches slow, never one fast.
    """
    medians: list[float] = []
    until = time.monotonic() + LONG_ENOUGH_S
    while len(medians) < BATCHES and (not medians or time.monotonic() < until):
        medians.append(statistics.median(_batch(look, until=until)))
    return min(medians) * 1000


def _batch(look: Look, *, until: float) -> list[float]:
    taken: list[float] = []
    while len(taken) < BATCH and (not taken or time.monotonic() < until):
        began = time.perf_counter()
        undo = look()
        taken.append(time.perf_counter() - began)
        undo()
    return taken


def _lines(
    bench: Bench, name: str, series: list[float], *, sizes: tuple[int, ...]
) -> Iterator[Line]:
    each = ", ".join(f"{cost:.2f} ms at {size:,}" for size, cost in zip(sizes, series, strict=True))
    if name == FLOOR:
        yield bench.line(f"{name}, for comparison", measured=f"{min(series):.2f} ms", note=each)
        return
    yield bench.line(f"{name}, the dearest", **at_most(max(series), AIM_MS, unit=" ms"), note=each)
    growth = series[-1] / series[0]
    yield bench.line(f"{name}, largest ÷ smallest", **at_most(growth, AIM_GROWTH, unit="×"))
