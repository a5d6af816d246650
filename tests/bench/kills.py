"""What `kill -9` costs: the time until everything is in order again, and repeated calls."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from deliveries.models import UNFINISHED, Attempt, Delivery, Status
from tests.bench.bench import AS_OPERATORS_DO, Bench
from tests.bench.figures import Line, at_most, percentile
from tests.bench.processes import threads, tree
from tests.bench.sandboxes import Arrival
from tests.bench.world import let_go, load, sites
from tests.workers import Worker, children_of

ACCOUNTS = 8
EACH = 450
LATENCY_S = 0.8
WARM_UP_S = 5.0
GIVE_UP_S = 100.0
WATCH_IDLE_S = 80.0
REPEATED_WITHIN_S = 30.0
AIM_S = 60.0


@dataclass(frozen=True, slots=True)
class Kill:
    """What is killed; `harmful` when calls are in flight there."""

    name: str
    victims: Callable[[Worker], Sequence[int]]
    harmful: bool = True


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What followed one kill.

    Shape: `picked_up_s` has a value for each delivery that was in hand.
    Units: seconds from the kill; `silent_s` is the longest time without any call.
    """

    in_flight: int
    repeated: int
    silent_s: float
    picked_up_s: list[float]


def pump_process(worker: Worker) -> list[int]:
    """The one process that makes calls."""
    return [max(tree(worker.process.pid), key=threads)]


def idle_process(worker: Worker) -> list[int]:
    """A process of django-q2's pool that waits for a task."""
    guard = children_of(children_of(worker.process.pid)[0])[0]
    return [pid for pid in children_of(guard) if pid not in pump_process(worker)][:1]


def cluster(worker: Worker) -> list[int]:
    """The whole django-q2 cluster, without the supervisor above it."""
    return tree(worker.process.pid)[1:]


def everything(worker: Worker) -> list[int]:
    """The supervisor and all below it; the operator's process manager starts a new one."""
    return tree(worker.process.pid)


KILLS = (
    Kill("all, restarted at once", everything),
    Kill("the pump's process", pump_process),
    Kill("the whole cluster", cluster),
    Kill("an idle process", idle_process, harmful=False),
)


def measure(bench: Bench) -> Iterator[Line]:
    """A line for each kind of kill, and one for the repeated calls of all of them."""
    seen = []
    for kill in KILLS[:1] if bench.quick else KILLS:
        seen.append(_killed(bench, kill))
        yield _line(bench, kill, seen[-1])
    repeated, in_flight = sum(a.repeated for a in seen), sum(a.in_flight for a in seen)
    yield bench.line(
        "calls made twice",
        measured=f"{repeated}",
        aim=f"≤ {in_flight} in flight",
        within=repeated <= in_flight,
    )


def _line(bench: Bench, kill: Kill, after: Aftermath) -> Line:
    note = f"longest time without any call {after.silent_s:.1f} s"
    if after.picked_up_s:
        note += (
            f"; {len(after.picked_up_s)} deliveries in hand were picked up after "
            f"{percentile(after.picked_up_s, 0.5):.1f} s (p50), {max(after.picked_up_s):.1f} s "
            f"(max); {after.in_flight} calls were in flight, {after.repeated} were made twice"
        )
    worst = max([after.silent_s, *after.picked_up_s])
    return bench.line(f"kill -9, {kill.name}", note=note, **at_most(worst, AIM_S, unit=" s"))


def _killed(bench: Bench, kill: Kill) -> Aftermath:
    with sites(ACCOUNTS, people=EACH, latency_s=LATENCY_S) as (boxes, all_), ExitStack() as stack:
        worker = stack.enter_context(bench.worker())
        for site in all_:
            load(site.rule, site.emails)
        let_go(in_s=0.0)
        time.sleep(WARM_UP_S)
        killed_at = time.time()
        pids = _kill(kill.victims(worker))
        in_hand = _in_hand() if kill.harmful else {}
        in_flight = Attempt.objects.filter(outcome="").count() if kill.harmful else 0
        if worker.process.pid in pids:
            again = Worker(bench.folder / "again.log", **AS_OPERATORS_DO)
            stack.callback(again.end)
        picked_up = _watched(in_hand, since=killed_at)
        arrivals = boxes.arrivals()
    silent = _silent_s(arrivals, since=killed_at)
    return Aftermath(in_flight, _repeated(arrivals), silent, picked_up)


def _kill(pids: Sequence[int]) -> Sequence[int]:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids


def _in_hand() -> dict[int, UUID]:
    rows = Delivery.objects.filter(status=Status.PROCESSING)
    return dict(rows.values_list("pk", "lease_token"))


def _watched(in_hand: dict[int, UUID], *, since: float) -> list[float]:
    """When each of these deliveries left the dead hands; the end of patience if never."""
    left, picked_up = dict(in_hand), []
    until = since + (GIVE_UP_S if in_hand else WATCH_IDLE_S)
    while time.time() < until and (left or not in_hand):
        time.sleep(0.1)
        still = {(pk, token) for pk, token in _in_hand().items() if left.get(pk) == token}
        gone = [pk for pk, token in left.items() if (pk, token) not in still]
        picked_up += [time.time() - since for pk in gone if left.pop(pk)]
    _wait_for_repeats(in_hand)
    return picked_up + [GIVE_UP_S] * len(left)


def _wait_for_repeats(in_hand: dict[int, UUID]) -> None:
    until = time.time() + REPEATED_WITHIN_S
    unfinished = Delivery.objects.filter(UNFINISHED, pk__in=list(in_hand))
    while time.time() < until and unfinished.exists():
        time.sleep(0.2)


def _silent_s(arrivals: Sequence[Arrival], *, since: float) -> float:
    moments = [since, *(arrival.at for arrival in arrivals if arrival.at > since), time.time()]
    return max(later - earlier for earlier, later in pairwise(moments))


def _repeated(arrivals: Sequence[Arrival]) -> int:
    calls = Counter(row.about for row in arrivals if row.outcome != "rate_limited")
    return sum(times - 1 for times in calls.values())
