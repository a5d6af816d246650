"""What somebody cancels while it is in hand ends when the hand lets go, not at the next claim."""

from __future__ import annotations

import pytest
from django.utils import timezone

from connections.models import Connection
from connections.pace import pause
from deliveries import recovery
from deliveries.canceling import cancel_delivery
from deliveries.claiming import Claim, ClaimLost, claim
from deliveries.giving_back import give_back
from deliveries.models import Attempt, Delivery
from deliveries.recording import open_attempt
from deliveries.sending import send
from tests.builders import make_rule
from tests.deliveries.replays import ended, replay_now, row
from tests.deliveries.scenes import calls, due, let_lease_run_out, tag_rule

pytestmark = pytest.mark.django_db

END = ("canceled", "canceled_by_person", None, 0)


def canceled_in_hand(delivery: Delivery) -> Claim:
    """The claim of a delivery that somebody canceled after it was taken in hand."""
    held = claim(delivery.account_id)
    assert held is not None
    assert cancel_delivery(delivery.pk, by="rosa", now=timezone.now()) == "asked"
    return held


def end_of(delivery: Delivery) -> tuple[object, ...]:
    delivery.refresh_from_db()
    return (delivery.status, delivery.reason, delivery.lease_token, delivery.attempt_count)


def test_during_an_accounts_pause_it_ends_at_once(sandbox):
    delivery = due(tag_rule(sandbox))
    held = claim(delivery.account_id)
    pause(delivery.account_id, seconds=60, reason="rate_limited")
    cancel_delivery(delivery.pk, by="rosa", now=timezone.now())

    send(held)

    assert end_of(delivery) == END
    assert (calls(sandbox), Attempt.objects.count()) == ([], 0)
    assert delivery.completed_at is not None


def test_no_attempt_begins_after_somebody_canceled():
    delivery = due(make_rule())
    held = canceled_in_hand(delivery)

    with pytest.raises(ClaimLost):
        open_attempt(held, Delivery.objects.get(pk=delivery.pk), now=timezone.now())
    give_back(held, delivery)

    assert end_of(delivery) == END
    assert Attempt.objects.count() == 0


def test_a_replay_that_had_not_begun_is_as_it_was_before():
    delivery = ended(make_rule())
    before = row(delivery)
    replay_now(delivery)
    held = canceled_in_hand(delivery)

    give_back(held, delivery)

    same = ("status", "reason", "completed_at", "lease_token", "cancel_asked_at", "status_before")
    assert {name: row(delivery)[name] for name in same} == {name: before[name] for name in same}


def test_a_worker_that_dies_before_the_attempt_leaves_it_to_end():
    delivery = due(make_rule())
    canceled_in_hand(delivery)
    let_lease_run_out(delivery)

    assert recovery.pick_up_abandoned() == 1

    assert end_of(delivery) == END


def test_a_claim_that_was_lost_ends_nothing():
    delivery = due(make_rule())
    lost = claim(delivery.account_id)
    let_lease_run_out(delivery)
    recovery.pick_up_abandoned()
    held = canceled_in_hand(delivery)

    give_back(lost, delivery)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.lease_token) == ("processing", held.token)


def test_a_delivery_whose_connection_stopped_ends_too(sandbox):
    delivery = due(tag_rule(sandbox))
    held = canceled_in_hand(delivery)
    Connection.objects.update(active=False)

    send(held)

    assert end_of(delivery) == END
