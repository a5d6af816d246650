"""What web and worker processes hold in memory while 100,000 events go through them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from connections.models import Account
from deliveries.models import Delivery, Event, Status
from meshes.keys import create_key
from tests.bench.bench import Bench
from tests.bench.bulk import BULK, EACH
from tests.bench.figures import Line, at_most
from tests.bench.intake import EVENTS
from tests.bench.posting import Job, post
from tests.bench.senders import event_of
from tests.bench.serving import Server, gunicorn, resident_mib, serving
from tests.bench.world import Site, sites, wait_until_done
from tests.workers import Worker

STEPS = 5
BULK_REQUESTS, SINGLE_REQUESTS = 180, 2_000
QUICK = 10
"""A quick run posts a tenth."""
ACCOUNTS, PEOPLE = 10, 40
FAST = 100.0
MATCHING, TURNS = 2, 20
UNMATCHED = "page.viewed"
WITHIN_S = 120.0
AIM = 1.10

Sizes = dict[str, list[float]]


def measure(bench: Bench) -> Iterator[Line]:
    """A line for the web server and one for the worker: the last size ÷ the first."""
    sizes: Sizes = {"web": [], "worker": []}
    given = {"people": PEOPLE, "rate_per_second": None}
    with (
        sites(ACCOUNTS, **given) as (_boxes, all_),
        bench.worker() as worker,
        serving(gunicorn(), log=bench.folder / "web.log") as server,
    ):
        Account.objects.update(requests_per_second=FAST)
        jobs = _jobs(server, all_, quick=bench.quick)
        for _ in range(STEPS):
            for job in jobs:
                post(job)
            _weigh(sizes, server, worker)
        events = Event.objects.count()
        done = Delivery.objects.filter(status=Status.COMPLETED).count()
    for name, mib in sizes.items():
        yield bench.line(
            f"{name}, the last ÷ the first of {STEPS}",
            **at_most(mib[-1] / mib[0], AIM, unit="×"),
            note=f"{', '.join(f'{size:.0f}' for size in mib)} MiB resident in all its processes "
            f"while {events} events were accepted and {done} deliveries made",
        )


def _jobs(server: Server, all_: Sequence[Site], *, quick: bool) -> list[Job]:
    """A fifth of the events, nine of ten of them in requests with a hundred."""
    key = create_key(all_[0].rule.workspace, name="Bench", by="bench")
    headers, share = {"X-Meshes-Publishable-Key": key.key}, QUICK if quick else 1
    many = [json.dumps(_hundred(site, turn)) for turn in range(TURNS) for site in all_]
    single = [json.dumps(event_of(person, event=UNMATCHED)) for person in range(PEOPLE)]
    return [
        Job(server.port, BULK, headers, many, connections=4, answers=BULK_REQUESTS // share),
        Job(server.port, EVENTS, headers, single, answers=SINGLE_REQUESTS // share),
    ]


def _hundred(site: Site, turn: int) -> list[dict[str, Any]]:
    """Few of them match a rule, as a worker needs longer for an event than we do."""
    matching = range(turn * MATCHING, (turn + 1) * MATCHING)
    return [
        event_of(person, event=site.rule.event if person in matching else UNMATCHED)
        for person in range(EACH)
    ]


def _weigh(sizes: Sizes, server: Server, worker: Worker) -> None:
    """Note both sizes once the worker has nothing left to do."""
    if not wait_until_done(within_s=WITHIN_S):
        raise RuntimeError("The worker did not keep up.")
    sizes["web"].append(server.resident_mib())
    sizes["worker"].append(resident_mib(worker.process.pid))
