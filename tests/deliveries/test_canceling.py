"""Canceling ends what waits, lets an attempt in flight end, and undoes replays that wait."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from deliveries.canceling import AlreadyEnded, Canceled, cancel_delivery, cancel_event
from deliveries.claiming import claim
from deliveries.models import Delivery
from deliveries.replaying import replay
from tests.builders import (
    append_version,
    make_account,
    make_connection,
    make_delivery,
    make_event,
    make_rule,
)
from tests.deliveries.replays import NOW, ended, replay_now, row
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def waiting(**over: Any) -> Delivery:
    rule = make_rule()
    return make_delivery(make_event(workspace=rule.workspace), rule, **over)


@pytest.mark.parametrize(
    "over",
    [
        {"status": "pending"},
        {"status": "retrying", "reason": "timeout", "attempt_count": 2},
        {"held_reason": "connection_inactive", "held_at": NOW},
        {"trigger": "backfill", "priority": 2},
    ],
    ids=["pending", "retrying", "held", "backfill"],
)
def test_what_waits_ends_at_once(over):
    delivery = waiting(**over)
    before = row(delivery)

    word = cancel_delivery(delivery.pk, by="rosa", now=NOW)

    assert word == "canceled"
    assert row(delivery) == {
        **before,
        "status": "canceled",
        "reason": "canceled_by_person",
        "last_error": "rosa canceled this delivery.",
        "held_reason": "",
        "held_at": None,
        "completed_at": NOW,
    }


def test_an_attempt_in_flight_is_only_asked_to_end():
    delivery = waiting()
    held = claim(delivery.account_id)
    before = row(delivery)

    word = cancel_delivery(delivery.pk, by="rosa", now=NOW)

    assert held is not None
    assert word == "asked"
    assert row(delivery) == {**before, "cancel_asked_at": NOW}


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_what_has_ended_is_not_canceled(status):
    delivery = waiting(status=status, completed_at=NOW)
    before = row(delivery)

    with pytest.raises(AlreadyEnded, match="has ended already"):
        cancel_delivery(delivery.pk, by="rosa", now=timezone.now())

    assert row(delivery) == before


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_a_replay_that_has_not_begun_is_undone(status):
    delivery = ended(make_rule(), status=status, applied_id=5)
    before = row(delivery)
    replay_now(delivery, insist=True)

    word = cancel_delivery(delivery.pk, by="rosa", now=timezone.now())

    assert word == "restored"
    same = {"status", "reason", "last_error", "last_outcome", "completed_at", "applied_id"}
    same |= {"insist", "held_reason", "progress", "job_id", "status_before"}
    assert {name: row(delivery)[name] for name in same} == {name: before[name] for name in same}


def test_an_undone_replay_of_now_goes_back_to_where_it_was():
    rule = make_rule()
    delivery = ended(rule, status="completed", applied_id=5)
    before = row(delivery)
    rule.connection = make_connection(workspace=rule.workspace, account=make_account(key="other"))
    rule.target_id = "13"
    rule.save()
    append_version(rule)
    replay_now(delivery, basis="now")
    assert delivery.account_id != before["account_id"]

    cancel_delivery(delivery.pk, by="rosa", now=NOW)

    moved = {"rule_version_id", "connection_id", "account_id", "target_id", "email", "applied_id"}
    moved |= {"status", "progress", "action", "target_kind"}
    assert {name: row(delivery)[name] for name in moved} == {name: before[name] for name in moved}


def test_a_replay_that_has_begun_ends_canceled():
    delivery = replay_now(ended(make_rule(), status="completed"))
    Delivery.objects.filter(pk=delivery.pk).update(status="retrying", run_attempts=1)

    assert cancel_delivery(delivery.pk, by="rosa", now=NOW) == "canceled"

    assert row(delivery)["status"] == "canceled"


def test_an_events_deliveries_are_canceled_together():
    first = waiting()
    event = first.event
    lease = {"lease_token": uuid4(), "lease_until": NOW, "email": "b@example.com"}
    rules = [make_rule(connection=first.connection, target_id=str(n)) for n in range(4)]
    sending = make_delivery(event, rules[0], status="processing", **lease)
    done = make_delivery(event, rules[1], status="completed")
    failed = make_delivery(event, rules[2], status="failed")
    replay(failed.pk, basis="was", insist=False, by="rosa", now=NOW)
    other = make_delivery(make_event(workspace=first.workspace), rules[3])

    found = cancel_event(event, by="rosa", now=NOW)

    assert found == Canceled(canceled=1, restored=1, asked=1)
    rows = (first, sending, done, failed, other)
    assert [row(each)["status"] for each in rows] == [
        "canceled", "processing", "completed", "failed", "pending",
    ]  # fmt: skip
    assert row(sending)["cancel_asked_at"] == NOW


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_canceling_and_claiming_at_once_never_both_succeed():
    for _ in range(10):
        delivery = waiting()

        def one(delivery: Delivery = delivery) -> str:
            if claimed := claim(delivery.account_id):
                return f"claimed {claimed.delivery_id}"
            try:
                return cancel_delivery(delivery.pk, by="rosa", now=NOW)
            except AlreadyEnded:
                return "ended"

        words = at_once(4, one)
        after = row(delivery)
        claimed = f"claimed {delivery.pk}" in words
        assert after["status"] == ("processing" if claimed else "canceled")
        assert (after["cancel_asked_at"] is not None) == ("asked" in words)
        Delivery.objects.filter(pk=delivery.pk).delete()
