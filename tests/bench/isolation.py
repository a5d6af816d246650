"""How long a healthy account's deliveries take while other accounts are in trouble."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.figures import Line, at_most, milliseconds, percentile
from tests.bench.live import latencies
from tests.bench.sandboxes import Sandboxes
from tests.bench.world import Site, let_go, load, sites

HANG_S = 60.0
SICK_DELIVERIES = 100
EVENTS, EVENTS_QUICK = 85, 15
AIM = 1.5


@dataclass(frozen=True, slots=True)
class Trouble:
    """So many accounts beside the healthy one, half of them hanging, half failing."""

    name: str
    sick: int


TROUBLES = (
    Trouble("alone", 0),
    Trouble("1 hangs, 1 answers 500", 2),
    Trouble("20 hang, 20 answer 500", 40),
)


def measure(bench: Bench) -> Iterator[Line]:
    """A line for each trouble: percentiles, and how they compare with being alone."""
    alone: list[float] = []
    for trouble in TROUBLES:
        taken = _latencies(bench, trouble)
        alone = alone or taken
        yield bench.line(f"{trouble.name}: latency", measured=milliseconds(taken))
        if trouble.sick:
            yield from _compared(bench, trouble, alone, taken)


def _compared(
    bench: Bench, trouble: Trouble, alone: list[float], taken: list[float]
) -> Iterator[Line]:
    for name, share in (("p50", 0.5), ("p90", 0.9)):
        ratio = percentile(taken, share) / percentile(alone, share)
        yield bench.line(f"{trouble.name}: {name} ÷ alone", **at_most(ratio, AIM, unit="×"))


def _latencies(bench: Bench, trouble: Trouble) -> list[float]:
    """Of events that come in from the moment on when the sick accounts' work is due."""
    events = EVENTS_QUICK if bench.quick else EVENTS
    people = max(events + 1, SICK_DELIVERIES)
    with sites(1 + trouble.sick, people=people, rate_per_second=5.0) as (boxes, all_):
        healthy, *sick = all_
        for site in sick:
            load(site.rule, site.emails[:SICK_DELIVERIES])
        with bench.worker():
            latencies(boxes, healthy.rule, healthy.emails[:1])  # the first one opens connections
            _make_sick(boxes, sick)
            let_go(in_s=0.0)
            return latencies(boxes, healthy.rule, healthy.emails[1 : events + 1])


def _make_sick(boxes: Sandboxes, sick: list[Site]) -> None:
    for number, site in enumerate(sick):
        name, options = ("hang", {"seconds": HANG_S}) if number % 2 else ("server_error", {})
        boxes.ask(site.place.name, "fault", name, options)
