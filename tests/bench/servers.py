"""The same application behind gunicorn's threads and behind granian."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.bench import Bench
from tests.bench.figures import Line
from tests.bench.intake import EVENTS
from tests.bench.rates import Contender, rates, share
from tests.bench.senders import bodies, headers_of, make_sender
from tests.bench.serving import PLAIN, granian, gunicorn, serving

GUNICORN = "gunicorn, 2 × 4 threads"
KINDS = {
    GUNICORN: gunicorn,
    "gunicorn, 2 × 2 threads": lambda *which: gunicorn(*which, threads=2),
    "granian, 2 × 4 threads": granian,
    "granian, 2 × 1 thread": lambda *which: granian(*which, threads=1),
}


def measure(bench: Bench) -> Iterator[Line]:
    """For each server the rate of events and that of an answer without Django."""
    given = {"headers": headers_of(make_sender()), "bodies": bodies()}
    with ExitStack() as stack:
        log, contenders = bench.folder / "web.log", {}
        for name, command in KINDS.items():
            events = stack.enter_context(serving(command(), log=log))
            contenders[name] = Contender(events, EVENTS, **given)
        for name, command in KINDS.items():
            if "4 threads" in name:
                plain = {"DJANGO_SETTINGS_MODULE": "tests.bench.plain.bare_settings"}
                bare = stack.enter_context(serving(command(PLAIN), log=log, **plain))
                contenders[f"{name}, bare WSGI"] = Contender(bare, "/bare", **given)
        found = rates(contenders, quick=bench.quick)
    for name, rate in found.items():
        base = found[f"{GUNICORN}, bare WSGI" if name.endswith("WSGI") else GUNICORN]
        times = share(rate, base)
        yield bench.line(name, measured=f"{rate.rate:.0f}/s, {times:.2f} ×", note=str(rate))
