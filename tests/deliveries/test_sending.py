"""One attempt over real HTTP: what it sends, stores and learns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import ContactCache
from connections.pace import pause
from deliveries.claiming import claim
from deliveries.models import Attempt, Delivery
from deliveries.recovery import pick_up_abandoned
from deliveries.sending import send
from tests.builders import make_rule
from tests.conftest import SANDBOX_KEY
from tests.deliveries.scenes import (
    EMAIL,
    calls,
    connect,
    due,
    hurry,
    let_lease_run_out,
    send_all,
    send_one,
    tag_rule,
)
from tests.threads import aside
from tests.workers import wait_for

pytestmark = pytest.mark.django_db

CANARY_EMAIL = "canary-alex@northstar.io"
CANARIES = ("canary-note-77", "Canarina", "canary-42")
PAYLOAD = {"note": CANARIES[0], "first_name": CANARIES[1], "deep": [{"plan": CANARIES[2]}]}


def test_an_unknown_contact_costs_two_calls(sandbox):
    delivery = send_one(due(tag_rule(sandbox)))

    assert calls(sandbox) == ["POST contact/sync", "POST contactTags"]
    assert sandbox.state.tags_of(EMAIL) == ["step-3-complete"]
    assert (delivery.status, delivery.last_outcome) == ("completed", "delivered")
    assert (delivery.tries, delivery.attempt_count, delivery.reason) == (0, 1, "")
    assert (delivery.lease_token, delivery.lease_until) == (None, None)
    assert delivery.completed_at is not None


def test_a_known_contact_costs_one_call(sandbox):
    rule = tag_rule(sandbox)
    first, second = due(rule), due(rule)

    send_all(first, second)

    assert calls(sandbox) == ["POST contact/sync", "POST contactTags", "POST contactTags"]
    assert [a.effect for a in Attempt.objects.order_by("id")] == ["applied", "already"]


def test_what_was_learned_of_the_contact_is_remembered(sandbox):
    rule = tag_rule(sandbox)

    send_one(due(rule))

    contact = sandbox.state.contact_by_email(EMAIL)
    row = ContactCache.objects.get()
    assert (row.account_id, row.email) == (rule.connection.account_id, EMAIL)
    assert row.external_id == contact["id"]
    assert list(row.links) == [rule.target_id]


def test_new_fields_are_written_and_the_same_ones_are_not(sandbox):
    rule = tag_rule(sandbox)
    names = ["Alex", "Alex", "Alexandra"]
    send_all(*[due(rule, payload={"first_name": name}) for name in names])

    sync, tag = "POST contact/sync", "POST contactTags"
    assert calls(sandbox) == [sync, tag, tag, sync, tag]
    assert sandbox.state.contact_by_email(EMAIL)["firstName"] == "Alexandra"


def test_fields_count_as_unknown_when_an_attempt_to_write_them_ends_in_doubt(sandbox):
    rule = tag_rule(sandbox)
    send_one(due(rule, payload={"first_name": "Alex"}))
    sandbox.faults.set("server_error", path="contact/sync")

    send_one(due(rule, payload={"first_name": "Bea"}))

    assert ContactCache.objects.get().fields_hash == ""


def test_a_retry_goes_on_after_the_step_that_worked(sandbox):
    sandbox.faults.set("server_error", path="contactTags", count=1)
    delivery = send_one(due(tag_rule(sandbox), payload={"first_name": "Alex"}))

    send_one(hurry(delivery))

    assert calls(sandbox) == ["POST contact/sync", "POST contactTags", "POST contactTags"]
    assert delivery.status == "completed"


def test_the_attempt_tells_what_was_sent_and_answered(sandbox):
    rule = tag_rule(sandbox)
    delivery = send_one(due(rule))

    attempt = delivery.attempts.get()
    assert (attempt.number, attempt.trigger, attempt.outcome) == (1, "live", "delivered")
    assert (attempt.effect, attempt.message) == ("applied", "The tag was added.")
    assert (attempt.target_id, attempt.target_label) == (rule.target_id, "step-3-complete")
    assert (attempt.rule_version, attempt.connection) == (rule.current, rule.connection)
    assert attempt.counted
    assert delivery.applied_id == attempt.pk
    told = [(e["method"], e["path"], e["status"], e["error"]) for e in attempt.exchanges]
    assert told == [("POST", "/contact/sync", 201, ""), ("POST", "/contactTags", 201, "")]


@pytest.mark.django_db(transaction=True)
def test_the_attempt_is_written_down_before_anything_is_sent(sandbox):
    sandbox.faults.set("latency", seconds=0.5, count=1)
    delivery = due(tag_rule(sandbox))
    sending = aside(lambda: send_one(delivery))

    wait_for(lambda: sandbox.state.requests, within_s=10)

    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.exchanges, attempt.completed_at) == ("", [], None)
    row = Delivery.objects.get()
    assert (row.status, row.attempt_count) == ("processing", 1)
    sending.join()
    assert Delivery.objects.get().status == "completed"


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_comes_after_the_claim_was_lost_overwrites_nothing(sandbox):
    delivery = due(tag_rule(sandbox), payload={"first_name": "Alex"})
    sandbox.faults.set("latency", seconds=1.0, count=1)
    late = aside(lambda: send_one(delivery))
    wait_for(lambda: sandbox.state.requests, within_s=10)
    let_lease_run_out(delivery)
    assert pick_up_abandoned() == 1

    send_one(delivery)
    late.join()

    first, second = delivery.attempts.order_by("number")
    assert (first.outcome, first.reason, first.exchanges) == ("internal_error", "worker_lost", [])
    assert second.outcome == "delivered"
    delivery.refresh_from_db()
    assert (delivery.status, delivery.applied_id) == ("completed", second.pk)
    assert (delivery.attempt_count, delivery.tries) == (2, 1)
    assert ContactCache.objects.get().fields_hash == ""


def test_nothing_personal_and_no_secret_is_kept_or_logged(sandbox, caplog):
    caplog.set_level("DEBUG")
    body = f'{{"message": "canary-note-77 of {CANARY_EMAIL}, key {SANDBOX_KEY}"}}'
    sandbox.faults.set("status", status=500, body=body, count=1)
    delivery = due(tag_rule(sandbox), CANARY_EMAIL, payload=PAYLOAD)

    send_one(delivery)
    send_one(hurry(delivery))

    assert sandbox.state.tags_of(CANARY_EMAIL) == ["step-3-complete"]
    kept = [list(Attempt.objects.values()), [record.__dict__ for record in caplog.records]]
    kept += [Delivery.objects.values().get() | {"email": ""}]
    assert len(kept[0]) == 2
    for canary in (*CANARIES, CANARY_EMAIL, "canary-alex", SANDBOX_KEY):
        assert canary not in repr(kept)


def test_a_kept_answer_is_capped(sandbox):
    sandbox.faults.set("status", status=500, body="<p>" + "x " * 20_000, content_type="text/html")

    delivery = send_one(due(tag_rule(sandbox)))

    kept = delivery.attempts.get().exchanges[0]["response_body"]
    assert 0 < len(kept.encode()) <= 4096 + 100


def test_a_pause_gives_a_claimed_delivery_back_as_it_was(sandbox):
    delivery = due(tag_rule(sandbox))
    held = claim(delivery.account_id)
    pause(delivery.account_id, seconds=60, reason="rate_limited")

    send(held)

    before = delivery.next_attempt_at
    delivery.refresh_from_db()
    assert (delivery.status, delivery.next_attempt_at) == ("pending", before)
    assert (delivery.attempt_count, Attempt.objects.count()) == (0, 0)
    assert calls(sandbox) == []


def test_a_deleted_rule_ends_its_delivery_without_a_call(sandbox):
    rule = tag_rule(sandbox)
    delivery = due(rule)
    rule.deleted_at = timezone.now()
    rule.save()

    send_one(delivery)

    assert (delivery.status, delivery.reason) == ("canceled", "rule_deleted")
    assert delivery.completed_at is not None
    assert (calls(sandbox), Attempt.objects.count()) == ([], 0)


def test_a_delivery_that_somebody_canceled_ends_without_a_call(sandbox):
    delivery = send_one(due(tag_rule(sandbox), cancel_asked_at=timezone.now()))

    assert (delivery.status, delivery.reason) == ("canceled", "canceled_by_person")
    assert (calls(sandbox), Attempt.objects.count()) == ([], 0)


def test_a_rule_that_was_edited_or_switched_off_leaves_its_deliveries_alone(sandbox):
    rule = tag_rule(sandbox)
    delivery = due(rule)
    rule.active, rule.target_id = False, sandbox.state.add_tag("another")
    rule.save()

    send_one(delivery)

    assert delivery.status == "completed"
    assert sandbox.state.tags_of(EMAIL) == ["step-3-complete"]


def test_a_tag_that_was_made_anew_is_found_by_its_name_and_the_attempt_says_so(sandbox):
    rule = tag_rule(sandbox)
    sandbox.state.delete_tag(rule.target_id)
    new_id = sandbox.state.add_tag("step-3-complete")

    delivery = send_one(due(rule))

    attempt = delivery.attempts.get()
    assert (delivery.status, attempt.target_id) == ("completed", new_id)
    assert attempt.target_id != rule.target_id
    assert "found again by its name" in attempt.message
    assert sandbox.state.tags_of(EMAIL) == ["step-3-complete"]


def test_an_inactive_connection_holds_all_that_waits_for_it_without_a_call(sandbox):
    rule = tag_rule(sandbox)
    deliveries = [due(rule, f"{number}@x.io") for number in range(3)]
    elsewhere = due(make_rule(connection=connect(sandbox)), "other@x.io")
    rule.connection.active = False
    rule.connection.save()

    send_one(deliveries[0])

    for delivery in deliveries:
        delivery.refresh_from_db()
        assert (delivery.status, delivery.held_reason) == ("pending", "connection_inactive")
        assert delivery.held_at is not None
    elsewhere.refresh_from_db()
    assert elsewhere.held_reason == ""
    assert (calls(sandbox), Attempt.objects.count()) == ([], 0)


def test_the_rest_of_an_attempt_waits_for_its_own_slots(sandbox):
    rule = tag_rule(sandbox, connection=connect(sandbox, requests_per_second=5.0))

    send_one(due(rule))

    first, second = sandbox.state.requests
    assert second.monotonic - first.monotonic > 0.15
    rule.connection.account.refresh_from_db()
    slot = rule.connection.account.next_slot
    assert slot > (timezone.now() - timedelta(seconds=5)).timestamp()
