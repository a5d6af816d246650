"""An import and the single calls around it never swap, and one burst is one request."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connections.models import Account
from deliveries import imports
from deliveries.claiming import claim
from deliveries.models import Delivery, ImportBatch, Priority
from tests.builders import make_attempt
from tests.deliveries.bursts import (
    account_of,
    bulk_rule,
    burst,
    finish,
    fresh,
    lose_worker,
    statuses,
    step,
)
from tests.deliveries.scenes import calls, due, send_all
from tests.deliveries.test_superseding import removing
from tests.threads import aside, at_once
from tests.workers import wait_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_imports")]


def test_a_later_removal_waits_until_the_import_is_over(sandbox):
    rule = bulk_rule(sandbox)
    burst(rule, 60)
    removal = due(removing(rule), "p7@x.io")
    step(rule)

    send_all(removal)
    assert removal.status == "pending"

    finish(rule)
    send_all(removal)
    assert removal.status == "completed"
    assert sandbox.state.tags_of("p7@x.io") == []
    assert sandbox.state.tags_of("p8@x.io") == ["step-3-complete"]


def test_an_earlier_unfinished_removal_keeps_its_person_out_of_the_import(sandbox):
    rule = bulk_rule(sandbox)
    removal = due(removing(rule), "p7@x.io")
    deliveries = burst(rule, 60)

    step(rule)

    assert [d.email for d in fresh(deliveries) if d.status == "pending"] == ["p7@x.io"]
    send_all(removal, deliveries[7])
    assert (removal.status, deliveries[7].status) == ("completed", "completed")
    assert sandbox.state.tags_of("p7@x.io") == ["step-3-complete"]


def test_a_person_whose_lane_is_taken_stays_out(sandbox):
    rule = bulk_rule(sandbox)
    other = due(bulk_rule(sandbox, "another", connection=rule.connection), "p7@x.io")
    Delivery.objects.filter(pk=other.pk).update(
        status="processing", lease_token=rule.connection_id, lease_until=other.created_at
    )
    deliveries = burst(rule, 60)

    step(rule)

    assert [d.email for d in fresh(deliveries) if d.status == "pending"] == ["p7@x.io"]


def test_a_person_goes_once_per_import_and_the_first_of_two_goes_first(sandbox):
    rule = bulk_rule(sandbox)
    first = burst(rule, 60)
    second = burst(rule, 60)

    step(rule)

    assert statuses(first) == {"processing"}
    assert statuses(second) == {"pending"}


def test_a_live_delivery_does_not_wait_for_a_replay_that_has_not_begun(sandbox):
    rule = bulk_rule(sandbox)
    replay = due(rule, "p7@x.io", trigger="replay", priority=Priority.REPLAY)
    deliveries = burst(rule, 60)

    step(rule)

    assert statuses(deliveries) == {"processing"}
    assert statuses([replay]) == {"pending"}


def test_a_replay_that_something_later_may_have_overtaken_stays_out(sandbox):
    rule = bulk_rule(sandbox)
    replays = burst(rule, 60, trigger="replay", priority=Priority.REPLAY)
    later = due(rule, "p7@x.io", status="completed")
    Delivery.objects.filter(pk=later.pk).update(applied_id=make_attempt(later).pk)

    step(rule)

    assert [d.email for d in fresh(replays) if d.status == "pending"] == ["p7@x.io"]


def test_a_replay_stays_out_also_when_what_came_later_was_moved_since(sandbox):
    rule = bulk_rule(sandbox)
    replays = burst(rule, 60, trigger="replay", priority=Priority.REPLAY)
    later = due(rule, "p7@x.io", status="completed", trigger="replay")
    make_attempt(later)
    Delivery.objects.filter(pk=later.pk).update(target_id="another", applied_id=None)

    step(rule)

    assert [d.email for d in fresh(replays) if d.status == "pending"] == ["p7@x.io"]
    assert ImportBatch.objects.get().size == 59


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_replay_that_is_overtaken_while_it_is_being_taken_stays_out(sandbox):
    rule = bulk_rule(sandbox)
    replays = burst(rule, 60, trigger="replay", priority=Priority.REPLAY)
    later = due(removing(rule), "p7@x.io")

    with transaction.atomic():
        assert claim(account_of(rule)).delivery_id == later.pk
        step_aside = aside(lambda: step(rule))
        wait_for(_somebody_waits_for_a_lock, within_s=10)
        delivered = {"status": "completed", "lease_token": None, "lease_until": None}
        applied = make_attempt(later).pk
        Delivery.objects.filter(pk=later.pk).update(applied_id=applied, **delivered)
    step_aside.join(timeout=30)

    assert [d.email for d in fresh(replays) if d.status == "pending"] == ["p7@x.io"]
    assert ImportBatch.objects.get().size == 59


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_the_first_attempt_of_a_replay_says_who_asked_for_it(sandbox):
    rule = bulk_rule(sandbox)
    replays = burst(rule, 60, trigger="replay", priority=Priority.REPLAY, asked_by="ada")

    finish(rule)

    attempt = replays[0].attempts.get()
    assert (attempt.trigger, attempt.asked_by, attempt.outcome) == ("replay", "ada", "delivered")


def test_an_account_has_one_import_at_a_time(sandbox):
    rule = bulk_rule(sandbox)
    burst(rule, 250)
    step(rule)
    more = [due(rule, f"q{i}@x.io") for i in range(60)]

    assert imports.accounts_to_drive() == []
    assert not imports.drive(account_of(rule))

    assert (ImportBatch.objects.count(), statuses(more)) == (1, {"pending"})


def test_an_import_in_other_hands_is_left_alone(sandbox):
    rule = bulk_rule(sandbox)
    burst(rule, 60)
    step(rule)
    ImportBatch.objects.update(next_look_at=timezone.now())
    held = imports.hold_due(account_of(rule))
    before = len(calls(sandbox))

    assert not imports.drive(account_of(rule))

    assert held is not None
    assert len(calls(sandbox)) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_two_drivers_at_once_make_one_request(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 120)

    steps = at_once(4, lambda: imports.drive(account_of(rule)))

    assert steps.count(True) == 1
    assert calls(sandbox).count("POST import/bulk_import") == 1
    assert statuses(deliveries) == {"processing"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_an_import_and_single_senders_never_hold_one_person_both(sandbox):
    rule = bulk_rule(sandbox)
    Account.objects.filter(pk=account_of(rule)).update(requests_per_second=100.0)
    deliveries = burst(rule, 120)
    turn = iter(range(4))

    def work() -> None:
        if next(turn) == 0:
            imports.drive(account_of(rule))
        else:
            send_all(deliveries[0])

    at_once(4, work)
    lose_worker()
    if ImportBatch.objects.exists():
        finish(rule)

    assert statuses(deliveries) == {"completed"}
    assert set(Delivery.objects.values_list("attempt_count", flat=True)) == {1}
