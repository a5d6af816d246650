"""A hundred events in one request, compared with a hundred requests."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from django.db import connection

from tests.bench.bench import Bench
from tests.bench.figures import Line, at_most
from tests.bench.inside import Application, cpu_ms, ratio, statements
from tests.bench.intake import AIM_STATEMENTS, EVENTS
from tests.bench.senders import bodies, bulk_bodies, headers_of, make_sender

BULK = "/api/v1/events/bulk"
EACH = 100
TIMES, TIMES_QUICK = 8, 3
AIM = 0.20


def measure(bench: Bench) -> Iterator[Line]:
    """The processor time of an event among many, and the statements for few and for many."""
    application, headers = Application(), headers_of(make_sender())
    many = application.poster(BULK, headers=headers, bodies=bulk_bodies(20))
    one = application.poster(EVENTS, headers=headers, bodies=bodies())

    def hundred() -> None:
        for _ in range(EACH):
            one()

    used = cpu_ms({"bulk": many, "single": hundred}, times=TIMES_QUICK if bench.quick else TIMES)
    ms = {name: statistics.median(values) / EACH for name, values in used.items()}
    yield bench.line(
        "CPU of an event among 100 ÷ alone",
        **at_most(ratio(used["bulk"], used["single"]), AIM, unit="×"),
        note=f"in process, three matching rules: {ms['bulk']:.2f} ms against {ms['single']:.2f} ms",
    )
    counted = {
        each: statements(
            application.poster(BULK, headers=headers, bodies=bulk_bodies(3, each=each))
        )
        for each in (1, 10, EACH)
    }
    yield bench.line(
        "SQL statements, 1 to 100 events",
        **at_most(max(counted.values()), AIM_STATEMENTS[connection.vendor], digits=0),
        note=", ".join(f"{number} for {each}" for each, number in counted.items()),
    )
