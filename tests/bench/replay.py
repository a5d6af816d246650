"""How long live deliveries take while a replay of very many runs beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.utils import timezone

from connections.pace import SHARE
from deliveries.background_jobs import start_replay
from deliveries.models import BackgroundJob, Delivery
from tests.bench.bench import Bench
from tests.bench.figures import Line, at_most, milliseconds, percentile
from tests.bench.filling import fill
from tests.bench.live import latencies
from tests.bench.world import Site, read_statistics, sites

ACCOUNTS = 20
SIZE, SIZE_QUICK = 100_000, 10_000
EVENTS, EVENTS_QUICK = 60, 12
RATE = 5.0
LATENCY_S = 0.15
SLOT_S = 1.0 / (RATE * SHARE)
SLOTS = 3
AIM = 1.5
FED_WITHIN_S = 15.0


def measure(bench: Bench) -> Iterator[Line]:
    """Lines for an account that is replayed itself, and for one beside those."""
    size = SIZE_QUICK if bench.quick else SIZE
    events = EVENTS_QUICK if bench.quick else EVENTS
    settings = {"people": 1 + 3 * events, "latency_s": LATENCY_S, "rate_per_second": RATE}
    with sites(ACCOUNTS + 1, **settings) as (boxes, (*replayed, beside)), bench.worker():
        fill(beside.rule, first=1, last=size // ACCOUNTS)
        Delivery.objects.filter(rule=beside.rule).delete()
        read_statistics()
        one, emails = replayed[0], iter(replayed[0].emails)
        latencies(boxes, one.rule, [next(emails)])  # the first one opens connections
        alone = latencies(boxes, one.rule, [next(emails) for _ in range(events)])
        yield bench.line("no replay: latency", measured=milliseconds(alone))
        job = _started(beside)
        if not _fed(job):
            yield bench.line("replay", measured="left out", note="Nothing feeds replays.")
            return
        same = latencies(boxes, one.rule, [next(emails) for _ in range(events)])
        other = latencies(boxes, beside.rule, beside.emails[:events])
        job.refresh_from_db()
    yield from _lines(bench, job, alone=alone, same=same, other=other)


def _started(site: Site) -> BackgroundJob:
    job = BackgroundJob(workspace=site.rule.workspace, asked_by="bench", insist=True)
    newest = Delivery.objects.latest("pk").pk
    return start_replay({}, job=job, last_id=newest, now=timezone.now())


def _fed(job: BackgroundJob) -> bool:
    until = time.monotonic() + FED_WITHIN_S
    while time.monotonic() < until:
        job.refresh_from_db()
        if job.taken:
            return True
        time.sleep(0.2)
    return False


def _lines(
    bench: Bench, job: BackgroundJob, *, alone: list[float], same: list[float], other: list[float]
) -> Iterator[Line]:
    note = f"{job.taken} of {job.total} deliveries of {ACCOUNTS} accounts were set going meanwhile"
    yield bench.line("account in the replay: latency", measured=milliseconds(same), note=note)
    more = (percentile(same, 0.9) - percentile(alone, 0.9)) / SLOT_S
    yield bench.line("account in the replay: p90 later by", **at_most(more, SLOTS, unit=" slots"))
    yield bench.line("account beside it: latency", measured=milliseconds(other))
    ratio = percentile(other, 0.9) / percentile(alone, 0.9)
    yield bench.line("account beside it: p90 ÷ no replay", **at_most(ratio, AIM, unit="×"))
