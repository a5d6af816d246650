"""What a failed attempt costs, and whether and when another one follows."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from connections.calling import open_line
from connections.pace import pause
from deliveries import sending
from deliveries.canceling import cancel_delivery
from deliveries.claiming import claim
from deliveries.models import Attempt, Delivery
from rules.mapping import generated_schema
from tests.builders import make_mapping, make_rule
from tests.deliveries.scenes import EMAIL, calls, connect, due, hurry, send_one, tag_rule

pytestmark = pytest.mark.django_db


def seconds_left(delivery: Delivery) -> float:
    return (delivery.next_attempt_at - timezone.now()).total_seconds()


def test_a_server_error_is_tried_again_by_the_schedule(sandbox):
    sandbox.faults.set("server_error", count=2)
    delivery = send_one(due(tag_rule(sandbox)))

    assert (delivery.status, delivery.tries, delivery.attempt_count) == ("retrying", 1, 1)
    assert (delivery.last_outcome, delivery.reason) == ("rejected_server_error", "server_error")
    assert 3 < seconds_left(delivery) <= 6
    assert delivery.retry_until > timezone.now() + timedelta(days=2.9)

    send_one(hurry(delivery))
    assert (delivery.status, delivery.tries) == ("retrying", 2)
    assert 23 < seconds_left(delivery) <= 36

    send_one(hurry(delivery))
    assert (delivery.status, delivery.last_outcome, delivery.reason) == (
        "completed",
        "delivered",
        "",
    )
    attempts = delivery.attempts.order_by("number")
    assert [(a.trigger, a.outcome, a.counted) for a in attempts] == [
        ("live", "rejected_server_error", True),
        ("retry", "rejected_server_error", True),
        ("retry", "delivered", True),
    ]


def test_a_retry_goes_after_what_is_live(sandbox):
    rule = tag_rule(sandbox)
    sandbox.faults.set("server_error", count=1)
    delivery = hurry(send_one(due(rule)))
    live = due(rule, "new@x.io")

    assert delivery.priority == 1
    assert claim(delivery.account_id).delivery_id == live.pk


def test_a_429_pauses_the_account_and_costs_no_try(sandbox):
    rule = tag_rule(sandbox)
    sandbox.faults.set("rate_limit", retry_after=7, count=1)
    delivery = send_one(due(rule))
    due(rule, "waiting@x.io")

    assert (delivery.status, delivery.tries, delivery.attempt_count) == ("retrying", 0, 1)
    assert (delivery.priority, delivery.retry_until) == (0, None)
    attempt = delivery.attempts.get()
    assert (attempt.outcome, attempt.counted) == ("rate_limited", False)
    delivery.account.refresh_from_db()
    left = (delivery.account.paused_until - timezone.now()).total_seconds()
    assert 5 < left <= 7
    assert delivery.account.pause_reason == "rate_limited"
    assert claim(delivery.account_id) is None
    assert len(calls(sandbox)) == 1


def test_after_the_pause_the_delivery_goes_on(sandbox):
    sandbox.faults.set("rate_limit", retry_after=7, count=1)
    delivery = send_one(due(tag_rule(sandbox)))

    send_one(hurry(delivery))

    assert (delivery.status, delivery.tries, delivery.attempt_count) == ("completed", 0, 2)
    assert sandbox.state.tags_of(EMAIL) == ["step-3-complete"]


MOMENT = timedelta(seconds=1)


def test_a_pause_is_added_to_the_time_for_retries(sandbox):
    sandbox.faults.set("server_error", count=2)
    delivery = send_one(due(tag_rule(sandbox)))
    before = delivery.retry_until
    pause(delivery.account_id, seconds=60, reason="rate_limited")

    send_one(hurry(delivery))

    assert delivery.retry_until - before == pytest.approx(timedelta(minutes=1), abs=MOMENT)
    assert delivery.tries == 2


def test_no_answer_in_time_is_a_timeout_and_repeated(sandbox, monkeypatch):
    monkeypatch.setattr(sending, "open_line", partial(open_line, deadline_s=0.3))
    sandbox.faults.set("hang", seconds=30.0, count=1)

    delivery = send_one(due(tag_rule(sandbox)))

    assert (delivery.status, delivery.last_outcome, delivery.tries) == ("retrying", "timeout", 1)
    exchange = delivery.attempts.get().exchanges[0]
    assert (exchange["status"], exchange["error"]) == (None, "timeout")
    assert 3 < seconds_left(delivery) <= 6


def test_a_broken_connection_is_a_network_error_and_repeated(sandbox):
    sandbox.faults.set("reset", count=1)

    delivery = send_one(due(tag_rule(sandbox)))

    assert (delivery.status, delivery.last_outcome) == ("retrying", "network_error")
    assert delivery.attempts.get().exchanges[0]["error"] == "connection_reset"


def test_a_write_whose_answer_was_lost_is_repeated_with_one_effect(sandbox):
    sandbox.faults.set("reset_after_write", count=1, path="contactTags")
    delivery = send_one(due(tag_rule(sandbox)))
    assert delivery.status == "retrying"

    send_one(hurry(delivery))

    assert delivery.status == "completed"
    assert sandbox.state.tags_of(EMAIL) == ["step-3-complete"]
    assert sandbox.state.automations_of(EMAIL) == ["Onboarding: third step done"]


def test_an_address_that_the_destination_refuses_is_not_tried_again(sandbox):
    delivery = send_one(due(tag_rule(sandbox), "no-address"))

    assert (delivery.status, delivery.last_outcome) == ("failed", "rejected_client_error")
    assert (delivery.reason, delivery.attempt_count) == ("email_invalid", 1)
    assert delivery.completed_at is not None
    assert claim(delivery.account_id) is None
    assert calls(sandbox) == ["POST contact/sync"]


def test_who_unsubscribed_is_not_subscribed_again(sandbox):
    list_id = sandbox.state.add_list("Course")
    sandbox.state.add_contact(EMAIL, lists={list_id: 2})
    rule = make_rule(connection=connect(sandbox), action="add_to_list", target_id=list_id)

    delivery = send_one(due(rule))

    assert (delivery.status, delivery.reason) == ("failed", "contact_unsubscribed")
    assert delivery.last_outcome == "rejected_client_error"
    assert "POST contactLists" not in calls(sandbox)
    assert sandbox.state.lists_of(EMAIL) == {"Course": 2}


def test_a_mapping_that_cannot_be_made_fails_for_good_without_a_call(sandbox):
    connection = connect(sandbox)
    schema = generated_schema()
    wish = {"dest": "7", "source": {"type": "path", "value": "plan"}, "on_error": "fail_action"}
    schema["fields"].append(wish | {"transforms": [{"type": "to_number"}]})
    make_mapping(connection, schema=schema)

    delivery = send_one(due(tag_rule(sandbox, connection=connection), payload={"plan": "Secret"}))

    assert (delivery.status, delivery.last_outcome) == ("failed", "mapping_error")
    assert delivery.reason == "mapping_failed"
    assert "Secret" not in delivery.last_error
    assert (calls(sandbox), delivery.attempts.get().exchanges) == ([], [])


def test_a_fault_of_our_own_is_repeated_and_its_text_goes_nowhere(sandbox, caplog):
    delivery = send_one(due(tag_rule(sandbox, action="canary-no-such-action")))

    assert (delivery.status, delivery.last_outcome) == ("retrying", "internal_error")
    assert (delivery.reason, delivery.tries) == ("internal_error", 1)
    attempt = delivery.attempts.get()
    assert attempt.message == "Meshes failed on its own side; it will try again."
    told = [delivery.last_error, attempt.message, attempt.reason, attempt.exchanges]
    assert "canary" not in repr(told)
    assert calls(sandbox) == []


def test_what_fails_for_three_days_is_given_up(sandbox):
    """In virtual time: instead of waiting, the end of the retries comes nearer."""
    sandbox.faults.set("server_error")
    delivery, waited = send_one(due(tag_rule(sandbox))), timedelta()
    while delivery.status == "retrying":
        left = delivery.next_attempt_at - timezone.now()
        waited += left
        Delivery.objects.filter(pk=delivery.pk).update(retry_until=delivery.retry_until - left)
        send_one(hurry(delivery))

    assert (delivery.status, delivery.reason) == ("failed", "server_error")
    assert timedelta(days=2.5) < waited <= timedelta(days=3)
    assert 13 <= delivery.attempt_count == delivery.tries <= 17
    assert delivery.completed_at is not None
    assert Attempt.objects.filter(counted=True).count() == delivery.attempt_count


@pytest.mark.parametrize("fault", ["server_error", "rate_limit"])
def test_who_cancels_during_an_attempt_that_fails_waits_for_no_retry(sandbox, monkeypatch, fault):
    delivery = due(tag_rule(sandbox))
    sandbox.faults.set(fault, count=1)
    real = sending.open_line

    def line(*args, **kwargs):
        cancel_delivery(delivery.pk, by="ada", now=timezone.now())
        return real(*args, **kwargs)

    monkeypatch.setattr(sending, "open_line", line)

    send_one(delivery)

    assert delivery.status == "canceled"
    assert delivery.attempts.get().outcome in ("rejected_server_error", "rate_limited")
