"""Time to drain a backlog with one worker, as a multiple of what the budget allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max

from deliveries.models import Delivery
from tests.bench.bench import Bench
from tests.bench.figures import Line, at_most
from tests.bench.metering import Meter, Usage
from tests.bench.sandboxes import Arrival
from tests.bench.world import let_go, load, sites, wait_until_done

RATE = 5.0
CASES = ((1, 100), (20, 100), (200, 12))
QUICK = ((1, 25), (20, 25))
LATENCIES = (0.15, 0.3)
AIM = 1.10
AIM_FOR_ACCOUNTS = 20
GIVE_UP_S = 150.0


@dataclass(frozen=True, slots=True)
class Drained:
    """One backlog, drained.

    Shape: `left` deliveries were not completed when time was up.
    Units: seconds; `ideal_s` is deliveries × calls ÷ rate for one account.
    """

    deliveries: int
    left: int
    took_s: float
    ideal_s: float
    arrivals: list[Arrival]
    latency_s: float
    usage: Usage

    @property
    def refused(self) -> int:
        """How many calls were answered 429."""
        return sum(arrival.outcome == "rate_limited" for arrival in self.arrivals)

    @property
    def sandbox_delay_s(self) -> float:
        """What the sandbox's own work adds to an answer, on average."""
        took = [a.took_s for a in self.arrivals if a.took_s and a.outcome == "answered"]
        return sum(took) / max(1, len(took)) - self.latency_s


def measure(bench: Bench) -> Iterator[Line]:
    """A line for each number of accounts and each latency."""
    for accounts, each in QUICK if bench.quick else CASES:
        for latency_s in LATENCIES[: 1 if bench.quick else None]:
            drained = drain(bench, accounts=accounts, each=each, latency_s=latency_s)
            yield _line(bench, drained, accounts=accounts)


def drain(bench: Bench, *, accounts: int, each: int, latency_s: float) -> Drained:
    """Let a worker drain so many deliveries of each account, one call each."""
    with (
        sites(accounts, people=each, latency_s=latency_s, rate_per_second=RATE) as (boxes, all_),
        bench.worker() as worker,
    ):
        for site in all_:
            load(site.rule, site.emails)
        began = let_go()
        meter = Meter(worker=worker.process.pid, sandboxes=boxes.pids)
        wait_until_done(within_s=GIVE_UP_S)
        usage = meter.usage()
        arrivals = boxes.arrivals()
        left, took_s = _progress(since=began)
    return Drained(accounts * each, left, took_s, each / RATE, arrivals, latency_s, usage)


def _progress(*, since: datetime) -> tuple[int, float]:
    found = Delivery.objects.filter(created_at__lte=since).aggregate(
        all=Count("pk"), done=Count("completed_at"), last=Max("completed_at")
    )
    took = (found["last"] - since).total_seconds() if found["last"] else 0.0
    return found["all"] - found["done"], took


def _line(bench: Bench, drained: Drained, *, accounts: int) -> Line:
    done = drained.deliveries - drained.left
    ratio = drained.took_s / drained.ideal_s * drained.deliveries / max(1, done)
    parts = at_most(ratio, AIM, unit="×")
    if accounts > AIM_FOR_ACCOUNTS:
        parts |= {"aim": "as two cores carry", "within": None}
    note = (
        f"{done} of {drained.deliveries} deliveries in {drained.took_s:.1f} s "
        f"({done / drained.took_s:.0f}/s; the budget allows {drained.ideal_s:.1f} s), "
        f"{drained.refused} answers of 429; {drained.usage}; "
        f"the sandbox adds {drained.sandbox_delay_s * 1000:.0f} ms"
    )
    case = f"{accounts} account{'s' * (accounts > 1)}, {drained.latency_s * 1000:.0f} ms"
    return bench.line(case, note=note, **parts)
