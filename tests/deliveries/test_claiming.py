"""Which delivery goes next, and that no two hands ever hold one lane."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deliveries import recovery
from deliveries.claiming import Claim, claim, due_accounts, release, renew
from deliveries.models import Delivery, Priority
from rules.models import Rule
from tests.builders import make_account, make_rule
from tests.deliveries.scenes import due, let_lease_run_out
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db):
    return make_rule()


def soon(seconds: float):
    return timezone.now() + timedelta(seconds=seconds)


def claimed(rule: Rule) -> int | None:
    held = claim(rule.connection.account_id)
    return held.delivery_id if held else None


def ids(deliveries: Iterable[Delivery]) -> list[int]:
    return [delivery.pk for delivery in deliveries]


def test_a_claimed_delivery_is_in_hand_for_a_whole_lease(rule):
    delivery = due(rule)

    held = claim(rule.connection.account_id)

    delivery.refresh_from_db()
    assert held == Claim(delivery.pk, delivery.lease_token)
    assert delivery.status == "processing"
    assert soon(35) < delivery.lease_until <= soon(40)
    assert delivery.started_at is not None


def test_deliveries_go_by_priority_then_time_then_order_of_arrival(rule):
    last = due(rule, "a@x.io", priority=1, next_attempt_at=soon(-60))
    third = due(rule, "b@x.io", next_attempt_at=soon(-10))
    first = due(rule, "c@x.io", next_attempt_at=(moment := soon(-30)))
    second = due(rule, "d@x.io", next_attempt_at=moment)

    order = [claimed(rule) for _ in range(5)]

    assert order == [*ids([first, second, third, last]), None]


def test_nothing_goes_before_its_time(rule):
    delivery = due(rule, status="retrying", next_attempt_at=soon(30))

    assert claimed(rule) is None

    delivery.refresh_from_db()
    assert (delivery.status, delivery.lease_token) == ("retrying", None)


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_what_has_ended_is_not_claimed(rule, status):
    due(rule, status=status)

    assert claimed(rule) is None


def test_what_waits_for_a_person_is_not_claimed(rule):
    due(rule, held_reason="connection_inactive")

    assert claimed(rule) is None
    assert due_accounts("me") == []


def test_other_accounts_deliveries_are_not_claimed(rule):
    due(rule, account=make_account(key="other"))

    assert claimed(rule) is None


def test_a_lane_has_one_call_in_flight_whatever_the_target(rule):
    first = due(rule)
    due(make_rule(connection=rule.connection, target_id="13"))

    assert claimed(rule) == first.pk
    assert claimed(rule) is None


def test_lanes_of_other_people_do_not_wait(rule):
    both = [due(rule, "a@x.io"), due(rule, "b@x.io")]

    assert [claimed(rule), claimed(rule)] == ids(both)


@pytest.mark.parametrize("later", [{}, {"status": "retrying"}])
def test_an_earlier_delivery_that_waits_for_its_retry_keeps_later_ones_back(rule, later):
    due(rule, status="retrying", next_attempt_at=soon(60))
    due(rule, **later)

    assert claimed(rule) is None


def test_one_class_can_be_asked_for_out_of_its_order(rule):
    due(rule, "a@x.io")
    retry = due(rule, "b@x.io", priority=Priority.RETRY)

    held = claim(rule.connection.account_id, only=Priority.RETRY)

    assert (held.delivery_id, held.priority) == (retry.pk, Priority.RETRY)
    assert claim(rule.connection.account_id, only=Priority.REPLAY) is None


def test_a_replay_that_has_not_begun_keeps_no_live_delivery_waiting(rule):
    due(rule, trigger="replay", priority=Priority.REPLAY)
    live = due(rule)

    assert claimed(rule) == live.pk


def test_a_replay_that_has_begun_keeps_its_place(rule):
    waits = {"status": "retrying", "run_attempts": 1, "next_attempt_at": soon(60)}
    due(rule, trigger="replay", priority=Priority.REPLAY, **waits)
    due(rule)

    assert claimed(rule) is None


def test_replays_of_one_target_keep_their_order(rule):
    first = due(rule, trigger="replay", priority=Priority.REPLAY)
    due(rule, trigger="replay", priority=Priority.REPLAY, next_attempt_at=soon(-60))

    assert claimed(rule) == first.pk


def test_a_later_delivery_with_a_better_priority_does_not_overtake_on_its_target(rule):
    earlier = due(rule, priority=1)
    due(rule, priority=0)

    assert claimed(rule) == earlier.pk


def test_another_target_of_the_same_person_does_not_wait_for_a_retry(rule):
    due(rule, status="retrying", next_attempt_at=soon(60))
    other = due(make_rule(connection=rule.connection, target_id="13"))

    assert claimed(rule) == other.pk


def test_a_tag_and_a_list_of_the_same_id_are_two_targets(rule):
    due(rule, status="retrying", next_attempt_at=soon(60))
    listed = due(make_rule(connection=rule.connection, action="add_to_list"))

    assert claimed(rule) == listed.pk


@pytest.mark.parametrize(
    "earlier",
    [
        {"status": "completed"},
        {"status": "failed"},
        {"status": "canceled"},
        {"held_reason": "connection_inactive"},
        {"status": "retrying", "held_reason": "tag_not_found"},
    ],
    ids=str,
)
def test_what_has_ended_or_is_held_keeps_nobody_back(rule, earlier):
    due(rule, **earlier)
    later = due(rule)

    assert claimed(rule) == later.pk


def test_nothing_of_a_paused_account_is_claimed_and_all_keep_their_place(rule):
    account = make_account(paused_until=soon(60))
    first, second = due(rule, "a@x.io"), due(rule, "b@x.io")
    assert (claimed(rule), due_accounts("me")) == (None, [])

    account.paused_until = soon(-1)
    account.save()

    assert [claimed(rule), claimed(rule)] == ids([first, second])


def test_a_released_delivery_is_first_again(rule):
    first, second = due(rule, "a@x.io"), due(rule, "b@x.io")
    held = claim(rule.connection.account_id)

    release(held, status="pending")

    first.refresh_from_db()
    assert (first.status, first.lease_token, first.lease_until) == ("pending", None, None)
    assert [claimed(rule), claimed(rule)] == ids([first, second])


def test_the_database_itself_refuses_a_second_hand_on_a_lane(rule):
    due(rule)
    second = due(make_rule(connection=rule.connection, target_id="13"))
    claim(rule.connection.account_id)
    in_hand = {"status": "processing", "lease_token": uuid4(), "lease_until": soon(40)}

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=second.pk).update(**in_hand)

    second.refresh_from_db()
    assert second.status == "pending"


def test_a_renewed_claim_has_a_whole_lease_again(rule):
    delivery = due(rule)
    held = claim(rule.connection.account_id)
    let_lease_run_out(delivery)

    assert renew(held)

    delivery.refresh_from_db()
    assert delivery.lease_until > soon(35)
    assert recovery.pick_up_abandoned() == 0


def test_a_claim_that_went_to_another_hand_can_neither_be_renewed_nor_released(rule):
    delivery = due(rule)
    lost = claim(rule.connection.account_id)
    let_lease_run_out(delivery)
    recovery.pick_up_abandoned()
    held = claim(rule.connection.account_id)

    assert not renew(lost)
    release(lost, status="pending")

    delivery.refresh_from_db()
    assert (delivery.status, delivery.lease_token) == ("processing", held.token)


def test_accounts_with_due_work_are_named_with_their_rate(rule):
    due(rule)
    make_account(key="idle")

    assert [(row.id, row.requests_per_second) for row in due_accounts("me")] == [
        (rule.connection.account_id, 5.0)
    ]


def test_accounts_in_other_hands_are_not_named(rule):
    due(rule)
    make_account(lease_owner="somebody", lease_until=soon(30))

    assert due_accounts("me") == []
    assert len(due_accounts("somebody")) == 1


@pytest.mark.django_db(transaction=True)
def test_connections_that_race_never_hold_the_same_row_nor_the_same_lane():
    rule, other = make_rule(), make_rule(target_id="13")
    account_id = rule.connection.account_id
    for _ in range(10):
        emails = [f"{number}@x.io" for number in range(6)]
        for email in emails:
            due(rule, email), due(other, email), due(rule, email)

        taken = at_once(4, lambda: [claim(account_id) for _ in range(4)])

        held = [each.delivery_id for some in taken for each in some if each]
        lanes = list(Delivery.objects.filter(pk__in=held).values_list("email", flat=True))
        assert len(held) == len(set(held)) == len(set(lanes)) == len(lanes)
        assert set(Delivery.objects.filter(status="processing").values_list("pk", flat=True)) == (
            set(held)
        )
        assert held
        Delivery.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_connections_that_race_empty_a_lane_in_its_order():
    rule = make_rule()
    account_id = rule.connection.account_id
    waiting = [due(rule) for _ in range(12)]
    done: list[int] = []

    def work() -> None:
        while len(done) < len(waiting):
            if held := claim(account_id):
                done.append(held.delivery_id)
                Delivery.objects.filter(pk=held.delivery_id).update(status="completed")

    at_once(3, work)

    assert done == ids(waiting)
