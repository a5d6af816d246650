"""A test event goes the way of a real one, for one rule alone, and stands apart from the counts."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import books, rollups
from deliveries.claiming import claim
from deliveries.models import Attempt, Delivery, Event, Rollup, Trial
from deliveries.retention import remove_old, start_over
from deliveries.trying import RealPerson
from meshes.api_errors import BadRequest, PayloadTooLarge
from tests.builders import append_version, make_delivery, make_event
from tests.deliveries.scenes import EMAIL, calls, due, send_one, tag_rule
from tests.deliveries.trials import TAG, body, delivery_of, sent, start

pytestmark = pytest.mark.django_db


def test_a_test_is_stored_like_an_event_and_marked(sandbox):
    rule = tag_rule(sandbox)
    tag_rule(sandbox, "another", connection=rule.connection)

    trial = start(rule)

    event, delivery = Event.objects.get(), Delivery.objects.get()
    assert (event.is_test, event.total_rules, event.created_by) == (True, 1, "test_event")
    assert (event.email, event.page_id, event.sequence_step) == (EMAIL, "crm", "3")
    assert (delivery.rule, delivery.is_test, delivery.trigger) == (rule, True, "test")
    assert (delivery.status, delivery.asked_by, delivery.priority) == ("pending", "ada", 0)
    assert (trial.event, trial.rule_version, trial.before) == (event, rule.current, None)


def test_a_rule_that_is_off_is_tested_all_the_same(sandbox):
    rule = tag_rule(sandbox, active=False)

    trial = sent(rule)

    assert sandbox.state.tags_of(EMAIL) == [TAG]
    assert delivery_of(trial).status == "completed"


def test_an_event_that_the_rule_does_not_fit_reaches_nobody(sandbox):
    trial = start(tag_rule(sandbox, page_id="other"))

    assert Event.objects.get(pk=trial.event_id).total_rules == 0
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", BadRequest),
        (b"{", BadRequest),
        (b'{"event": "x"}', BadRequest),
        (b'{"event": "x", "event": "y", "payload": {"a": 1}}', BadRequest),
        (b'{"event": "x", "payload": {"email": "no"}}', BadRequest),
        (json.dumps({"event": "x", "payload": {"a": "b" * 300_000}}).encode(), PayloadTooLarge),
    ],
    ids=["empty", "broken", "no-payload", "twice", "email", "large"],
)
def test_what_the_endpoint_refuses_is_refused(sandbox, raw, error):
    with pytest.raises(error):
        start(tag_rule(sandbox), raw)

    assert (Event.objects.count(), Trial.objects.count()) == (0, 0)


def test_a_real_persons_address_needs_a_yes(sandbox):
    rule = tag_rule(sandbox)
    make_event(workspace=rule.workspace, email=EMAIL)

    with pytest.raises(RealPerson, match="probably a customer"):
        start(rule)
    assert not Trial.objects.exists()

    assert start(rule, sure=[EMAIL]).pk


def test_an_address_of_earlier_tests_needs_none(sandbox):
    rule = tag_rule(sandbox)
    sent(rule)

    assert start(rule).pk


def test_the_contact_is_read_before_the_first_write_and_after_the_last(sandbox):
    trial = sent(tag_rule(sandbox))

    done = [call.split("?")[0] for call in calls(sandbox)]
    assert done == [
        "GET contacts",
        "POST contact/sync",
        "POST contactTags",
        "GET contacts",
        f"GET contacts/{trial.after['contact']}/contactLists",
    ]
    assert (trial.before["contact"], trial.before["link"], trial.before["state"]) == ("", "", "")
    assert EMAIL not in str([trial.before, trial.after])
    assert trial.after["contact"]
    assert trial.after["link"]
    delivery = delivery_of(trial)
    assert (delivery.found, delivery.mail) == ("as_wanted", "no_list")
    assert Attempt.objects.get().trigger == "test"


def test_a_retry_keeps_the_first_look(sandbox):
    rule = tag_rule(sandbox)
    trial = start(rule)
    sandbox.faults.set("reset_after_write", count=1, path="contactTags")
    send_one(delivery_of(trial))
    trial.refresh_from_db()
    first = dict(trial.before)

    Delivery.objects.update(next_attempt_at=timezone.now())
    send_one(delivery_of(trial))

    trial.refresh_from_db()
    assert trial.before == first
    assert first["contact"] == ""
    assert delivery_of(trial).status == "completed"


def test_a_look_back_that_fails_leaves_the_delivery_delivered(sandbox):
    # A new contact's lists are read only by the look back.
    sandbox.faults.set("server_error", path="contacts/*/contactLists")

    trial = sent(tag_rule(sandbox))

    delivery = delivery_of(trial)
    assert (delivery.status, delivery.found, trial.after) == ("completed", "", None)
    assert (
        trial.look_error == "ActiveCampaign has a problem of its own. Try again in a few minutes."
    )


def test_a_test_goes_before_replays_that_wait(sandbox):
    rule = tag_rule(sandbox)
    for number in range(5):
        due(rule, f"{number}@x.io", priority=2, trigger="replay")

    trial = start(rule)

    assert claim(rule.connection.account_id).delivery_id == delivery_of(trial).pk


def test_tests_are_left_out_of_the_counts_and_the_books_balance(sandbox):
    rule = tag_rule(sandbox)
    sent(rule)
    start(rule, body(email=EMAIL, page_id="x"))
    start(append_version_with(rule, page_id="never"))

    rollups.count_hours(timezone.now(), until=1e12, kept_since=None)

    assert not Rollup.objects.exists()
    found = books.recount()
    assert (found.faults, found.figures["accepted"], found.figures["deliveries"]) == ([], 3, 2)


def append_version_with(rule, **over):
    for name, value in over.items():
        setattr(rule, name, value)
    rule.save()
    return append_version(rule)


def test_retention_removes_a_test_with_its_event(sandbox, settings):
    settings.DELIVERY_RETENTION_DAYS = 1
    trial = sent(tag_rule(sandbox))
    old = timezone.now() - timedelta(days=9)
    Event.objects.update(created_at=old)
    start_over()

    assert remove_old(timezone.now(), until=1e12) == 1

    assert not Trial.objects.filter(pk=trial.pk).exists()
    assert books.recount().faults == []


def test_what_a_test_brought_about_supersedes_nothing(sandbox):
    rule = tag_rule(sandbox)
    real = make_delivery(make_event(workspace=rule.workspace, email=EMAIL), rule)
    send_one(real)
    start_ = start(rule, sure=[EMAIL])
    send_one(delivery_of(start_))
    Delivery.objects.filter(pk=real.pk).update(status="pending", trigger="replay", priority=2)

    assert send_one(real).status == "completed"
