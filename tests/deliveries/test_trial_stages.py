"""Each stage of a test says what is expected, what was seen, and what to fix when it stops."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Account, Connection
from deliveries import beats
from deliveries.models import Delivery, Trial
from rules.models import Rule
from tests.builders import append_version, make_mapping
from tests.deliveries.scenes import EMAIL, due, hurry, send_one, tag_rule
from tests.deliveries.trials import body, clean, course_of, delivery_of, sent, start, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker():
    """A pump that is alive."""
    return beats.start("pump")


def stopped(trial):
    """The stage at which the test stopped."""
    (found,) = [stage for stage in course_of(trial).stages if stage.state == "stopped"]
    return found


def told(trial):
    stage = stopped(trial)
    fixes = [f"{fix.what} {fix.fix}".strip() for fix in stage.fixes]
    return stage.title, " ".join(stage.actual), " ".join(fixes)


def test_a_test_that_passed_says_what_the_contact_holds(sandbox, worker):
    trial = sent(tag_rule(sandbox))

    found = course_of(trial)

    assert states(trial) == "done done done done done"
    assert (found.headline, found.moving, found.passed) == (
        "Passed. The contact holds the tag “step-3-complete”.",
        False,
        True,
    )


def test_without_a_worker_a_test_stops_before_it_is_sent(sandbox):
    trial = start(tag_rule(sandbox))

    assert told(trial) == (
        "Sent by a worker",
        "No worker is running, so nothing is sent.",
        "No worker is running, so nothing is sent. Start one with: python manage.py worker. "
        "What waits then goes out by itself.",
    )
    assert course_of(trial).moving


def test_with_a_worker_it_is_under_way(sandbox, worker):
    assert states(start(tag_rule(sandbox))) == "done done waiting open open"


def test_a_condition_that_is_not_met_is_named_with_what_the_event_says(sandbox):
    trial = start(tag_rule(sandbox, page_id="billing"), body(sequence_step=None))

    title, seen, fix = told(trial)

    assert title == "Matched by the rule"
    assert seen == "It asks for page id billing, and the event says crm."
    assert fix == "Change the event and send it again, or edit the rule."
    assert not course_of(trial).moving


def test_an_event_without_an_address_stops_at_the_mapping(sandbox):
    trial = start(tag_rule(sandbox), body(email=None))

    title, seen, _ = told(trial)

    assert title == "Sent by a worker"
    assert seen.startswith("The event carries no email address where the mapping looks for one.")


def test_a_held_rule_stops_it_and_leads_to_the_rule(sandbox, worker):
    rule = tag_rule(sandbox, held_reason="tag_not_found")
    trial = start(append_version(rule))

    assert told(trial)[1].startswith("The tag of the rule no longer exists")
    assert stopped(trial).fixes[0].link == "Edit the rule"


def test_an_inactive_connection_stops_it_and_leads_there(sandbox, worker):
    rule = tag_rule(sandbox)
    Connection.objects.update(active=False, inactive_reason="authentication_invalid")
    trial = start(Rule.objects.get(pk=rule.pk))

    assert told(trial)[1].startswith("The connection is switched off or its key is refused.")
    assert stopped(trial).fixes[0].link == "Open the connection"


def test_a_paused_account_is_waited_for(sandbox, worker):
    trial = start(tag_rule(sandbox))
    Account.objects.update(paused_until=timezone.now() + timedelta(minutes=2))

    stage = course_of(trial).stages[2]

    assert (stage.state, stage.fixes[0].fix) == ("waiting", "Wait; it goes on by itself.")
    assert stage.actual[0].startswith("The account asked for a pause until")


def test_an_account_whose_calls_are_taken_is_waited_for(sandbox, worker):
    trial = start(tag_rule(sandbox))
    Account.objects.update(next_slot=timezone.now().timestamp() + 30)

    assert "calls of the next" in course_of(trial).stages[2].actual[0]


def test_an_earlier_delivery_to_the_contact_is_waited_for(sandbox, worker):
    rule = tag_rule(sandbox)
    due(rule, EMAIL)

    stage = course_of(start(rule, sure=[EMAIL])).stages[2]

    assert stage.actual == (
        "An earlier delivery to the same contact has not ended; their order is kept.",
    )
    assert stage.fixes[0].link == "Open the earlier delivery"


def test_a_call_that_was_throttled_is_told_and_tried_again(sandbox, worker):
    trial = start(tag_rule(sandbox))
    sandbox.faults.set("rate_limit", retry_after=7, count=1)
    send_one(delivery_of(trial))

    stage = course_of(trial).stages[3]

    assert stage.state == "waiting"
    assert stage.actual[0] == "ActiveCampaign asked Meshes to slow down."
    assert stage.actual[-1].startswith("Will try again at")


def test_a_refusal_stops_it_with_the_reason(sandbox, worker):
    trial = start(tag_rule(sandbox))
    sandbox.faults.set("invalid_email_status", status=422)
    sandbox.faults.set("status", status=422, path="contact/sync")
    send_one(hurry(delivery_of(trial)))

    title, seen, fix = told(trial)

    assert title == "Answer of ActiveCampaign"
    assert seen.startswith("ActiveCampaign refused this request.")
    assert fix


def test_a_contact_that_does_not_hold_the_tag_stops_the_read_back(sandbox, worker):
    trial = sent(tag_rule(sandbox))
    Delivery.objects.update(found="undone", mail="no_list")

    assert told(trial)[:2][0] == "Read back"
    assert "The contact does not hold the tag" in told(trial)[1]


def test_a_read_back_that_failed_says_why(sandbox, worker):
    trial = sent(tag_rule(sandbox))
    Delivery.objects.update(read_back_at=None, found="", mail="")
    Trial.objects.update(look_error="The account does not answer.")

    assert told(trial) == ("Read back", "The account does not answer.", "Press Verify now there.")


def test_a_field_that_cannot_be_made_stops_it_before_anything_is_sent(sandbox, worker):
    rule = tag_rule(sandbox)
    schema = rule.current.mapping.schema
    source = {"type": "path", "value": "page_id"}
    required = {"dest": "phone", "source": source, "transforms": [{"type": "to_number"}]}
    required |= {"on_error": "fail_action"}
    make_mapping(rule.connection, schema={**schema, "fields": [schema["fields"][0], required]})
    trial = start(append_version(rule))
    send_one(delivery_of(trial))

    assert told(trial)[0] == "Sent by a worker"
    assert states(trial) == "done done stopped open open"


def test_a_failed_test_that_was_cleaned_up_was_never_read_back(sandbox, worker):
    trial = start(tag_rule(sandbox))
    sandbox.faults.set("status", status=422, path="contact/sync")
    send_one(delivery_of(trial))
    sandbox.faults.clear()
    clean(trial)

    assert states(trial) == "done done done stopped open"
