"""Cleaning up takes away only what was absent before, and nothing that others have asked for."""

import pytest
import requests
from django.utils import timezone

from connections.models import ContactCache
from deliveries import books, recovery, trial_lane
from deliveries.claiming import claim
from deliveries.erasure_rows import take
from deliveries.models import Delivery, Trial
from deliveries.trial_cleaning import CannotCleanUp
from tests.builders import append_version, make_delivery, make_event
from tests.deliveries.scenes import EMAIL, connect, due, let_lease_run_out, send_one, tag_rule
from tests.deliveries.trials import TAG, clean, delivery_of, sent, start

pytestmark = pytest.mark.django_db


def given(rule, **over):
    for name, value in over.items():
        setattr(rule, name, value)
    rule.save()
    return append_version(rule)


def test_a_contact_that_the_test_created_is_deleted(sandbox):
    trial = sent(tag_rule(sandbox))

    told = clean(trial)

    assert told == ["The contact, which the test had created, is deleted."]
    assert sandbox.state.contact_by_email(EMAIL) is None
    assert not ContactCache.objects.exists()
    trial.refresh_from_db()
    assert (trial.cleaned, trial.cleaned_by) == (told, "bea")
    assert delivery_of(trial).status == "completed"
    assert books.recount().faults == []


def test_a_contact_that_was_there_keeps_all_but_the_tag(sandbox):
    sandbox.state.add_contact(EMAIL, tags=["vip"])
    trial = sent(tag_rule(sandbox))

    told = clean(trial)

    assert told[0] == "The tag “step-3-complete” is taken from the contact."
    assert sandbox.state.tags_of(EMAIL) == ["vip"]
    assert ContactCache.objects.get().links == {}


def test_a_tag_held_before_the_test_stays(sandbox):
    sandbox.state.add_contact(EMAIL, tags=[TAG])
    trial = sent(tag_rule(sandbox))

    assert clean(trial)[1].endswith("was there before the test, so it stays.")
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_a_tag_that_a_real_event_asked_for_since_stays(sandbox):
    sandbox.state.add_contact(EMAIL)
    rule = tag_rule(sandbox)
    trial = sent(rule)
    send_one(due(rule))

    assert clean(trial)[1].endswith("because a delivery of a real event has asked for it since.")
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_a_contact_that_a_real_event_reached_since_stays(sandbox):
    rule = tag_rule(sandbox)
    trial = sent(rule)
    send_one(due(tag_rule(sandbox, "other", connection=rule.connection)))

    told = clean(trial)

    assert told[1].startswith("The contact stays, although the test created it")
    assert sandbox.state.tags_of(EMAIL) == ["other"]


def test_a_created_contact_with_other_tags_stays_and_loses_the_tests(sandbox):
    trial = sent(tag_rule(sandbox))
    vip = sandbox.state.add_tag("vip")
    _tag(sandbox, vip)

    told = clean(trial)

    assert "it holds tags or is on lists that the test did not give it" in told[1]
    assert sandbox.state.tags_of(EMAIL) == ["vip"]


def _tag(sandbox, tag_id):
    contact = sandbox.state.contact_by_email(EMAIL)["id"]
    requests.post(
        f"{sandbox.url}/api/3/contactTags",
        json={"contactTag": {"contact": contact, "tag": tag_id}},
        headers={"Api-Token": sandbox.key},
        timeout=10,
    ).raise_for_status()


def test_a_tag_given_again_by_somebody_else_stays(sandbox):
    sandbox.state.add_contact(EMAIL)
    rule = tag_rule(sandbox)
    trial = sent(rule)
    sandbox.state.remove_tag(EMAIL, TAG)
    _tag(sandbox, rule.target_id)

    assert "has taken it away and given it again since" in clean(trial)[1]
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_a_membership_is_ended_as_it_cannot_be_deleted(sandbox):
    sandbox.state.add_contact(EMAIL)
    news = sandbox.state.add_list("News")
    rule = given(tag_rule(sandbox), action="add_to_list", target_id=news, target_label="News")
    trial = sent(rule)
    assert sandbox.state.lists_of(EMAIL) == {"News": 1}

    assert clean(trial)[0] == "The contact is unsubscribed from the list “News”."
    assert sandbox.state.lists_of(EMAIL) == {"News": 2}


def test_what_a_rule_removes_is_not_given_back(sandbox):
    sandbox.state.add_contact(EMAIL, tags=[TAG])
    trial = sent(tag_rule(sandbox, action="remove_tag"))

    assert clean(trial)[0].startswith("What the rule takes away is not given back")
    assert sandbox.state.tags_of(EMAIL) == []


def test_a_test_that_waits_is_canceled_and_wrote_nothing(sandbox):
    trial = start(tag_rule(sandbox))

    told = clean(trial)

    assert told[0] == "The delivery, which had not ended, is canceled."
    assert delivery_of(trial).status == "canceled"
    assert sandbox.state.contact_by_email(EMAIL) is None


def test_nothing_is_taken_away_while_the_lane_is_in_other_hands(sandbox):
    rule = tag_rule(sandbox)
    trial = sent(rule)
    due(rule)
    assert claim(rule.connection.account_id)

    with pytest.raises(CannotCleanUp, match="is being sent to this contact"):
        clean(trial)

    trial.refresh_from_db()
    assert (trial.cleaned_at, trial.lane_token) == (None, None)
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_no_attempt_begins_in_a_lane_that_is_cleaned_up(sandbox):
    rule = tag_rule(sandbox)
    trial = sent(rule)
    trial_lane.take(trial, delivery_of(trial))
    due(rule)

    assert claim(rule.connection.account_id) is None


def test_a_clean_up_whose_process_died_can_be_done_again(sandbox):
    trial = sent(tag_rule(sandbox))
    trial_lane.take(trial, delivery_of(trial))
    let_lease_run_out(delivery_of(trial))

    assert recovery.pick_up_abandoned() == 1
    assert delivery_of(trial).status == "completed"
    assert clean(trial) == ["The contact, which the test had created, is deleted."]


def test_an_account_that_cannot_be_asked_leaves_all_as_it_is(sandbox):
    trial = sent(tag_rule(sandbox))
    sandbox.faults.set("forbidden_empty")

    with pytest.raises(CannotCleanUp, match="Then press Clean up again"):
        clean(trial)

    assert sandbox.state.tags_of(EMAIL) == [TAG]
    assert delivery_of(trial).status == "completed"
    assert Trial.objects.get().cleaned_at is None


def test_another_test_of_the_same_tag_keeps_nothing(sandbox):
    rule = tag_rule(sandbox)
    first, second = sent(rule), sent(rule)

    assert clean(second)[1].endswith("was there before the test, so it stays.")
    assert clean(first) == ["The contact, which the test had created, is deleted."]


def test_an_erasure_leaves_no_id_of_the_contact_with_the_test(sandbox):
    trial = sent(tag_rule(sandbox))
    assert trial.after["contact"]

    take([trial.event_id], email=EMAIL, now=timezone.now())

    trial.refresh_from_db()
    assert (trial.before, trial.after) == ({}, {})
    with pytest.raises(CannotCleanUp, match="was erased"):
        clean(trial)


def test_an_erased_person_cannot_be_cleaned_up_after(sandbox):
    trial = sent(tag_rule(sandbox))
    Delivery.objects.update(email="")

    with pytest.raises(CannotCleanUp, match="was erased"):
        clean(trial)


def test_an_event_that_fitted_nothing_left_nothing(sandbox):
    trial = start(tag_rule(sandbox, page_id="other"))

    assert clean(trial) == [
        "The event matched nothing that was sent, so there is nothing to take back."
    ]


def test_a_real_delivery_held_back_goes_on_after_the_clean_up(sandbox):
    rule = tag_rule(sandbox)
    trial = sent(rule)
    real = make_delivery(make_event(workspace=rule.workspace, email=EMAIL), rule)
    clean(trial)

    assert send_one(real).status == "completed"
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_a_contact_created_anew_by_somebody_else_stays(sandbox):
    trial = sent(tag_rule(sandbox))
    sandbox.state.delete_contact(EMAIL)
    sandbox.state.add_contact(EMAIL)

    assert "somebody else may have created it" in clean(trial)[0]
    assert sandbox.state.contact_by_email(EMAIL)


def test_what_a_failed_test_is_not_known_to_have_given_stays(sandbox):
    sandbox.state.add_contact(EMAIL)
    rule = tag_rule(sandbox)
    trial = start(rule)
    sandbox.faults.set("status", status=422, path="contactTags")
    send_one(delivery_of(trial))
    sandbox.faults.clear()
    _tag(sandbox, rule.target_id)

    assert clean(trial)[1].endswith("because the test is not known to have given it.")
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_a_test_that_was_replayed_elsewhere_is_not_cleaned_up(sandbox):
    rule = tag_rule(sandbox)
    trial = sent(rule)
    other = connect(sandbox, sandbox.add_account(key="other"), workspace=rule.workspace)
    Delivery.objects.update(connection=other, account=other.account)

    with pytest.raises(CannotCleanUp, match="replayed with another account"):
        clean(trial)

    assert sandbox.state.tags_of(EMAIL) == [TAG]
    assert delivery_of(trial).status == "completed"


def test_a_contact_that_a_failed_test_got_to_create_is_deleted(sandbox):
    trial = start(tag_rule(sandbox))
    sandbox.faults.set("status", status=422, path="contactTags")
    send_one(delivery_of(trial))
    sandbox.faults.clear()
    assert sandbox.state.contact_by_email(EMAIL)

    assert clean(trial) == ["The contact, which the test had created, is deleted."]
    assert sandbox.state.contact_by_email(EMAIL) is None
