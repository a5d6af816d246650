"""More than 2,000 deliveries at the full budget: what they cost, and whether any is refused."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.drain import drain
from tests.bench.figures import Line, at_most

ACCOUNTS = 20
EACH, EACH_QUICK = 105, 20
LATENCY_S = 0.15
AIM_REFUSED_PERCENT = 0.1
AIM_CPU_MS = 3.5


def measure(bench: Bench) -> Iterator[Line]:
    """The share of calls that were answered 429, and the processor time per delivery."""
    each = EACH_QUICK if bench.quick else EACH
    drained = drain(bench, accounts=ACCOUNTS, each=each, latency_s=LATENCY_S)
    done, calls = drained.deliveries - drained.left, len(drained.arrivals)
    yield bench.line(
        "self-made 429s",
        **at_most(100 * drained.refused / calls, AIM_REFUSED_PERCENT, unit=" %"),
        note=f"{drained.refused} of {calls} calls for {done} deliveries of {ACCOUNTS} accounts, "
        "each behind a sliding window of 5 a second",
    )
    usage = drained.usage
    yield bench.line(
        "CPU per delivery",
        **at_most(1000 * usage.worker_s / done, AIM_CPU_MS, unit=" ms"),
        note=f"user and system time of all processes under manage.py worker; beside it "
        f"{1000 * usage.database_s / done:.1f} ms in the database server; {usage}",
    )
