"""A burst as the pump meets it: the import and single calls side by side, paced as one."""

from __future__ import annotations

import time

import pytest

from deliveries import beats
from deliveries.models import Attempt, Delivery, ImportBatch
from deliveries.pump import Pump
from tests.deliveries.bursts import IMPORT, bulk_rule, burst
from tests.deliveries.scenes import calls, connect
from tests.threads import aside

pytestmark = pytest.mark.django_db(transaction=True)


def run_until_done(within_s: float = 30.0) -> None:
    until = time.monotonic() + within_s

    def done() -> bool:
        return not Delivery.objects.exclude(status="completed").exists()

    def watch() -> None:
        while not done() and time.monotonic() < until:
            time.sleep(0.1)
        beats.ask_to_stop(kind="pump")

    watching = aside(watch)
    work = Pump(run_s=within_s)
    try:
        work.run()
    finally:
        work.close()
    watching.join()
    assert done()


def test_a_burst_takes_seconds_where_single_calls_would_take_a_minute(sandbox):
    sandbox.configure(import_delay_s=1.0)
    pace = {"requests_per_second": 5.0, "bulk_import": True}
    rule = bulk_rule(sandbox, connection=connect(sandbox, **pace))
    deliveries = burst(rule, 200)

    run_until_done()

    assert calls(sandbox).count(IMPORT) == 1
    assert len(calls(sandbox)) < 120  # single calls alone would be 400
    assert all(sandbox.state.tags_of(d.email) == ["step-3-complete"] for d in deliveries)
    assert Attempt.objects.filter(outcome="delivered").count() == Attempt.objects.count() == 200
    assert ImportBatch.objects.get().state == "final"
