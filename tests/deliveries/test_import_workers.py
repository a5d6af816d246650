"""Imports whose worker dies, or whose deliveries somebody cancels meanwhile."""

from __future__ import annotations

import pytest
from django.utils import timezone

from deliveries import import_posting, imports
from deliveries.import_claiming import take
from deliveries.import_holding import Hold
from deliveries.models import Attempt, Delivery, ImportBatch
from tests.deliveries.bursts import (
    IMPORT,
    account_of,
    as_they_were,
    bulk_rule,
    burst,
    finish,
    fresh,
    let_pass,
    lose_worker,
    rest_over,
    statuses,
    step,
)
from tests.deliveries.scenes import calls

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_imports")]


def test_a_worker_that_dies_before_the_request_leaves_everything_as_it_was(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    assert take(account_of(rule)) is not None
    assert imports.accounts_to_drive() == []
    lose_worker()

    assert imports.accounts_to_drive() == [account_of(rule)]
    step(rule)

    assert as_they_were(deliveries)
    assert calls(sandbox) == []
    rest_over()
    assert finish(rule).state == "final"
    assert statuses(deliveries) == {"completed"}


def test_a_worker_that_dies_with_the_attempts_written_leaves_a_doubt(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    hold = Hold(take(account_of(rule)))
    chosen = import_posting._chosen(hold, import_posting._confirmed(hold, hold.line()))
    assert len(import_posting._begin(hold, chosen)) == 60
    lose_worker()

    step(rule)
    assert statuses(deliveries) == {"processing"}
    let_pass(seconds=61)
    step(rule)

    assert {(d.status, d.reason) for d in fresh(deliveries)} == {("retrying", "import_unconfirmed")}
    assert IMPORT not in calls(sandbox)


def test_a_worker_that_dies_after_the_request_is_followed_by_any_other(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    step(rule)
    assert imports.hold_due(account_of(rule)) is None  # not before its time
    ImportBatch.objects.update(next_look_at=timezone.now())
    assert imports.hold_due(account_of(rule)) is not None
    lose_worker()

    batch = finish(rule)

    assert (batch.state, statuses(deliveries)) == ("final", {"completed"})
    assert calls(sandbox).count(IMPORT) == 1


def test_a_worker_that_comes_back_too_late_changes_nothing(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    step(rule)
    ImportBatch.objects.update(next_look_at=timezone.now())
    late = imports.hold_due(account_of(rule))
    lose_worker()
    finish(rule)
    attempts = list(Attempt.objects.values())

    imports._attempt(late, imports._follow)

    assert list(Attempt.objects.values()) == attempts
    assert statuses(deliveries) == {"completed"}


def test_somebody_who_is_canceled_during_an_import_is_recorded_as_it_went(sandbox):
    rule = bulk_rule(sandbox)
    done, refused = burst(rule, 60)[:2]
    sandbox.state.exclude(refused.email)
    step(rule)
    Delivery.objects.filter(pk__in=[done.pk, refused.pk]).update(cancel_asked_at=timezone.now())

    finish(rule)

    done, refused = fresh([done, refused])
    assert (done.status, refused.status) == ("completed", "canceled")
    assert refused.completed_at is not None


def test_somebody_who_is_canceled_before_the_request_is_not_sent(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    hold = Hold(take(account_of(rule)))
    Delivery.objects.filter(pk=deliveries[7].pk).update(cancel_asked_at=timezone.now())

    import_posting.post(hold)

    (sent,) = [r.body for r in sandbox.state.requests if r.path.endswith("bulk_import")]
    assert "p7@x.io" not in {contact["email"] for contact in sent["contacts"]}
    (canceled,) = fresh([deliveries[7]])
    assert (canceled.status, canceled.attempt_count, canceled.batch_id) == ("canceled", 0, None)
