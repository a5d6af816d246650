"""A pump that ends leaves an import in the middle to the next one, which goes on from there."""

from __future__ import annotations

import pytest

from deliveries import imports
from deliveries.models import Attempt, ImportBatch
from tests.deliveries.bursts import (
    IMPORT,
    INFO,
    account_of,
    bulk_rule,
    burst,
    finish,
    fresh,
    statuses,
    step,
)
from tests.deliveries.scenes import calls

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_imports")]


def never() -> bool:
    return False


def test_what_was_not_sent_goes_back_and_is_imported_by_the_next(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)

    assert imports.drive(account_of(rule), going=never)

    rows = {(row.status, row.batch_id, row.attempt_count) for row in fresh(deliveries)}
    assert (rows, calls(sandbox)) == ({("pending", None, 0)}, [])
    assert ImportBatch.objects.get().state == "abandoned"
    assert finish(rule).state == "final"
    assert statuses(deliveries) == {"completed"}


def test_a_request_whose_attempts_are_written_still_goes_out(sandbox):
    rule = bulk_rule(sandbox)
    burst(rule, 60)

    imports.drive(account_of(rule), going=lambda: not Attempt.objects.exists())

    assert calls(sandbox)[-1] == IMPORT
    assert ImportBatch.objects.get().state == "posted"


def test_an_import_that_is_out_is_asked_about_by_the_next(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    step(rule)
    ImportBatch.objects.update(next_look_at=ImportBatch.objects.get().created_at)
    before = calls(sandbox)

    assert imports.drive(account_of(rule), going=never)

    batch = ImportBatch.objects.get()
    assert (batch.state, batch.lease_until) == ("posted", None)
    assert (calls(sandbox), statuses(deliveries)) == (before, {"processing"})
    assert imports.drive(account_of(rule))
    assert INFO in calls(sandbox)[len(before)]
