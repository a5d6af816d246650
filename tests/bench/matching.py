"""What it costs to find an event's rules among 10 and among 10,000."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from rules.facts import facts_of
from rules.index import load_index
from rules.matching import RuleIndex
from tests.bench.bench import Bench
from tests.bench.figures import Line, at_most
from tests.bench.inside import Application, cpu_ms, ratio
from tests.bench.intake import EVENTS
from tests.bench.senders import Sender, add_rules, bodies, event_of, headers_of, make_sender

SIZES = (10, 100, 1_000, 10_000)
MATCHES = 3000
REQUESTS, REQUESTS_QUICK = 100, 30
AIM = 1.2
PLACE = {"resource": "onboarding_sequence", "resource_id": "workspace-setup"}

Conditions = Callable[[int], dict[str, str]]


def differ_in_all(number: int) -> dict[str, str]:
    """Rules for events, resources and pages of their own."""
    return {
        "event": f"event.{number}",
        "resource": f"resource_{number}",
        "resource_id": f"id-{number}",
        "page_id": f"page_{number}",
    }


def differ_in_the_page(number: int) -> dict[str, str]:
    """Rules that share event, resource and resource_id."""
    step = str(number % 7) if number % 2 else ""
    return {"event": "page.completed", **PLACE, "page_id": f"page_{number}", "sequence_step": step}


SHAPES = {
    "all differ": differ_in_all,
    "only page and step differ": differ_in_the_page,
}


def measure(bench: Bench) -> Iterator[Line]:
    """Two lines for each shape of rules: the lookup alone, and the whole request."""
    application = Application()
    for shape, conditions in SHAPES.items():
        senders = {size: _sender(size, conditions) for size in SIZES}
        indexes = {size: load_index(each.workspace.pk) for size, each in senders.items()}
        lookups = {str(size): _looker(index) for size, index in indexes.items()}
        yield _line(bench, f"lookup, {shape}", cpu_ms(lookups, times=MATCHES), unit="µs")
        posts = {
            str(size): application.poster(EVENTS, headers=headers_of(each), bodies=bodies())
            for size, each in senders.items()
        }
        times = REQUESTS_QUICK if bench.quick else REQUESTS
        yield _line(bench, f"request, {shape}", cpu_ms(posts, times=times), unit="ms")


def _sender(size: int, conditions: Conditions) -> Sender:
    """A workspace with so many rules; three of them match every event."""
    sender = make_sender()
    add_rules(sender, [conditions(number) for number in range(size - 3)])
    return sender


def _looker(index: RuleIndex) -> Callable[[], None]:
    said = event_of(1)
    facts = facts_of(**PLACE, event=said["event"], payload=said["payload"])
    if len(index.match(facts)) != 3:
        raise RuntimeError("The event must match three rules.")

    def look() -> None:
        index.match(facts)

    return look


def _line(bench: Bench, case: str, used: dict[str, list[float]], *, unit: str) -> Line:
    """The dearest of the sizes compared with the fewest rules."""
    few = used[str(SIZES[0])]
    worst = max(ratio(values, few) for values in used.values())
    factor, digits = (1000, 1) if unit == "µs" else (1, 2)
    said = ", ".join(
        f"{statistics.median(values) * factor:.{digits}f} {unit} with {size}"
        for size, values in used.items()
    )
    return bench.line(case, **at_most(worst, AIM, unit="×"), note=said)
