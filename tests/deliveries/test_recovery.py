"""What dead workers, deleted rules and repaired connections leave behind is put in order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection
from deliveries import recovery
from deliveries.claiming import ClaimLost, claim
from deliveries.models import Attempt, Delivery
from deliveries.recording import open_attempt
from rules.models import Rule
from tests.builders import make_rule
from tests.deliveries.scenes import due, hurry, let_lease_run_out
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db):
    return make_rule()


def begin(delivery: Delivery) -> None:
    """A worker claims the delivery and begins an attempt."""
    held = claim(delivery.account_id)
    open_attempt(held, Delivery.objects.get(pk=held.delivery_id), now=timezone.now())


def die(delivery: Delivery) -> Delivery:
    """The delivery after a worker began an attempt, died, and was found out."""
    begin(delivery)
    return found_out(delivery)


def found_out(delivery: Delivery) -> Delivery:
    """The delivery after its worker was found to be dead."""
    let_lease_run_out(delivery)
    assert recovery.pick_up_abandoned() == 1
    delivery.refresh_from_db()
    return delivery


def seconds_left(delivery: Delivery) -> float:
    return (delivery.next_attempt_at - timezone.now()).total_seconds()


def test_a_dead_workers_attempt_is_closed_and_its_delivery_repeated_at_once(rule):
    delivery = die(due(rule))

    assert (delivery.status, delivery.lease_token, delivery.lease_until) == ("retrying", None, None)
    assert (delivery.last_outcome, delivery.reason) == ("internal_error", "worker_lost")
    assert (delivery.tries, delivery.attempt_count, delivery.completed_at) == (1, 1, None)
    attempt = delivery.attempts.get()
    assert (attempt.outcome, attempt.reason) == ("internal_error", "worker_lost")
    assert attempt.counted
    assert attempt.completed_at is not None
    assert claim(delivery.account_id).delivery_id == delivery.pk


def test_workers_that_die_in_a_row_wait_longer_each_time(rule):
    delivery = die(die(due(rule)))
    assert (delivery.tries, delivery.attempt_count) == (2, 2)
    assert 3 < seconds_left(delivery) <= 6

    die(hurry(delivery))

    assert 23 < seconds_left(delivery) <= 36


def test_a_worker_that_dies_in_a_late_retry_delays_nothing(rule):
    delivery = due(rule, status="retrying", tries=5, attempt_count=5, reason="server_error")

    die(delivery)

    assert seconds_left(delivery) <= 0
    assert delivery.tries == 6


def test_a_delivery_that_kills_workers_for_three_days_is_given_up(rule):
    delivery = die(due(rule))
    Delivery.objects.update(tries=9, retry_until=timezone.now() + timedelta(hours=1))

    die(delivery)

    assert (delivery.status, delivery.reason) == ("failed", "worker_lost")
    assert delivery.completed_at is not None


@pytest.mark.parametrize(("attempts", "status"), [(0, "pending"), (3, "retrying")])
def test_a_claim_whose_attempt_had_not_begun_goes_back_as_it_was(rule, attempts, status):
    delivery = due(rule, status=status, attempt_count=attempts, tries=attempts)
    claim(delivery.account_id)
    let_lease_run_out(delivery)

    assert recovery.pick_up_abandoned() == 1

    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries, delivery.reason) == (status, attempts, "")
    assert (delivery.lease_token, delivery.last_outcome) == (None, "")
    assert Attempt.objects.count() == 0


def test_a_delivery_that_was_given_back_takes_no_late_attempt(rule):
    delivery = due(rule)
    held = claim(delivery.account_id)
    let_lease_run_out(delivery)
    recovery.pick_up_abandoned()

    with pytest.raises(ClaimLost):
        open_attempt(held, delivery, now=timezone.now())

    delivery.refresh_from_db()
    assert (Attempt.objects.count(), delivery.attempt_count) == (0, 0)


def test_what_somebody_canceled_meanwhile_ends(rule):
    delivery = due(rule)
    begin(delivery)
    Delivery.objects.update(cancel_asked_at=timezone.now())

    found_out(delivery)

    assert delivery.status == "canceled"
    assert delivery.completed_at is not None


def test_what_is_in_living_hands_is_left_there(rule):
    delivery = due(rule)
    claim(delivery.account_id)

    assert recovery.pick_up_abandoned() == 0

    delivery.refresh_from_db()
    assert delivery.status == "processing"


@pytest.mark.django_db(transaction=True)
def test_of_many_that_look_one_picks_a_delivery_up():
    rule = make_rule()
    for number in range(10):
        due(rule, f"{number}@x.io")
        claim(rule.connection.account_id)
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    picked = at_once(4, recovery.pick_up_abandoned)

    assert sum(picked) == 10
    assert Delivery.objects.filter(status="pending").count() == 10


def test_waiting_and_held_deliveries_of_a_deleted_rule_are_canceled(rule):
    waiting, done = due(rule), due(rule, status="completed")
    held = due(rule, "held@x.io", held_reason="connection_inactive", held_at=timezone.now())
    other = due(make_rule(connection=rule.connection, target_id="13"))
    rule.deleted_at = timezone.now()
    rule.save()

    assert recovery.cancel_of_deleted_rules() == 2

    for delivery in (waiting, held):
        delivery.refresh_from_db()
        assert (delivery.status, delivery.reason) == ("canceled", "rule_deleted")
        assert (delivery.held_reason, delivery.held_at) == ("", None)
        assert delivery.completed_at is not None
    untouched = Delivery.objects.filter(pk__in=[done.pk, other.pk]).values_list("status", flat=True)
    assert sorted(untouched) == ["completed", "pending"]


def test_only_what_waits_is_held_for_a_connection(rule):
    waiting, done = due(rule), due(rule, status="failed")
    Delivery.objects.filter(pk=due(rule, "b@x.io").pk).update(held_reason="tag_not_found")

    assert recovery.hold_for_connection(rule.connection_id) == 1

    reasons = dict(Delivery.objects.values_list("pk", "held_reason"))
    assert reasons[waiting.pk] == "connection_inactive"
    assert reasons[done.pk] == ""
    assert "tag_not_found" in reasons.values()


def test_time_spent_held_is_added_to_the_time_for_retries(rule):
    now = timezone.now()
    ends, held_at = now + timedelta(hours=5), now - timedelta(hours=2)
    held = {"held_reason": "connection_inactive", "held_at": held_at}
    delivery = due(rule, status="retrying", retry_until=ends, **held)

    assert recovery.release_held() == 1

    delivery.refresh_from_db()
    assert (delivery.held_reason, delivery.held_at) == ("", None)
    assert abs(delivery.retry_until - ends - timedelta(hours=2)) < timedelta(seconds=5)
    assert claim(delivery.account_id).delivery_id == delivery.pk


@pytest.mark.parametrize(
    "over", [{"active": False}, {"deleted_at": timezone.now()}], ids=["off", "deleted"]
)
def test_nothing_is_released_to_a_connection_that_does_not_work(rule, over):
    delivery = due(rule, held_reason="connection_inactive", held_at=timezone.now())
    Connection.objects.update(**over)

    assert recovery.release_held() == 0

    delivery.refresh_from_db()
    assert delivery.held_reason == "connection_inactive"


def test_what_waits_for_another_repair_is_not_released(rule):
    due(rule, held_reason="tag_not_found", held_at=timezone.now())

    assert recovery.release_held() == 0


def test_a_replay_of_a_deleted_rule_that_had_not_begun_leaves_the_delivery_as_it_was(rule):
    run = {"status_before": "completed", "trigger": "replay", "priority": 2, "attempt_count": 1}
    replayed = due(rule, completed_at=timezone.now(), last_outcome="delivered", **run)
    waiting = due(rule, "other@x.io")
    Rule.objects.filter(pk=rule.pk).update(deleted_at=timezone.now())

    assert recovery.cancel_of_deleted_rules() == 2

    for delivery in (replayed, waiting):
        delivery.refresh_from_db()
    assert (replayed.status, replayed.reason) == ("completed", "")
    assert (waiting.status, waiting.reason) == ("canceled", "rule_deleted")
