"""A target that was made anew under its name keeps the order of its deliveries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.catalog import refresh_catalog
from deliveries.models import Attempt, Delivery
from deliveries.reasons import BY_ITSELF, REASONS
from rules.models import Rule
from tests.builders import make_rule
from tests.deliveries.scenes import EMAIL, connect, due, hurry, send_all, send_one, tag_rule
from tests.deliveries.test_superseding import removing, replayed

pytestmark = pytest.mark.django_db

TAG = "step-3-complete"


@pytest.fixture
def rule(sandbox) -> Rule:
    """A rule that still names the old number of a tag that was made anew."""
    rule = tag_rule(sandbox, TAG)
    sandbox.state.add_contact(EMAIL, tags=[])
    sandbox.state.delete_tag(rule.target_id)
    return rule


@pytest.fixture
def removal(rule, sandbox) -> Rule:
    """A rule that takes the tag away, which knows its new number."""
    number = sandbox.state.add_tag(TAG)
    over = {"connection": rule.connection, "action": "remove_tag"}
    return make_rule(target_id=number, target_label=TAG, **over)


def told(delivery: Delivery) -> list[tuple[str, str, bool]]:
    """What the attempts of a delivery say."""
    rows = Attempt.objects.filter(delivery=delivery).order_by("number")
    return list(rows.values_list("outcome", "target_id", "counted"))


def test_a_replay_gives_way_to_what_came_later_under_the_new_number(rule, removal, sandbox) -> None:
    old = due(rule, status="failed")
    send_all(due(removal))

    send_one(replayed(old))
    assert (old.status, old.target_id, old.tries) == ("retrying", removal.target_id, 0)
    assert told(old) == [("rejected_client_error", rule.target_id, False)]
    send_one(old)

    assert (old.status, old.reason) == ("canceled", "superseded")
    assert sandbox.state.tags_of(EMAIL) == []


def test_a_live_delivery_gives_way_too(rule, removal, sandbox) -> None:
    late = due(rule, status="retrying", next_attempt_at=timezone.now() + timedelta(hours=1))
    send_all(due(removal))

    send_all(hurry(late))

    assert (late.status, late.reason) == ("canceled", "superseded")
    assert sandbox.state.tags_of(EMAIL) == []


def test_a_person_may_insist_under_the_new_number(rule, removal, sandbox) -> None:
    old = due(rule, status="failed")
    send_all(due(removal))

    send_one(replayed(old, insist=True))

    assert (old.status, old.target_id) == ("completed", removal.target_id)
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_a_delivery_waits_for_earlier_ones_under_the_new_number(rule, removal, sandbox) -> None:
    earlier = due(removal)
    sandbox.faults.set("server_error", count=1)
    send_one(earlier)
    later = send_one(due(rule))

    assert (earlier.status, later.status) == ("retrying", "retrying")
    assert later.target_id == removal.target_id
    send_all(hurry(earlier), later)

    assert (earlier.status, later.status) == ("completed", "completed")
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_the_rule_follows_at_once(rule, removal, sandbox) -> None:
    old = due(rule, status="failed")
    send_all(due(removal))

    send_one(replayed(old))

    assert Rule.objects.get(pk=rule.pk).target_id == removal.target_id


def test_without_others_one_attempt_is_enough(rule, sandbox) -> None:
    number = sandbox.state.add_tag(TAG)

    delivery = send_one(due(rule))

    assert told(delivery) == [("delivered", number, True)]
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_what_takes_its_turn_says_that_nobody_has_to_do_anything(rule, removal, sandbox) -> None:
    old = due(rule, status="failed")
    send_all(due(removal))

    send_one(replayed(old))

    assert old.reason == "target_renewed"
    assert REASONS[old.reason].fixed_by == BY_ITSELF


@pytest.fixture
def lost(sandbox) -> Rule:
    """A rule whose tag was in the catalogue and was made anew since; one more takes it away."""
    rule = tag_rule(sandbox, TAG)
    removing(rule)
    sandbox.state.add_contact(EMAIL, tags=[])
    refresh_catalog(rule.connection, now=timezone.now())
    sandbox.state.delete_tag(rule.target_id)
    sandbox.state.add_tag(TAG)
    return rule


def taking(rule: Rule) -> Rule:
    return Rule.objects.get(action="remove_tag", target_id=rule.target_id)


def test_a_removal_follows_a_tag_that_is_known_to_be_gone(lost, sandbox) -> None:
    removal = taking(lost)
    given, taken = due(lost), due(removal)

    send_all(given, taken)

    number = given.target_id
    assert told(given) == told(taken) == [("delivered", number, True)]
    assert sandbox.state.tags_of(EMAIL) == []
    assert Rule.objects.get(pk=removal.pk).target_id == number != lost.target_id


def test_a_removal_does_not_pass_an_addition_that_waits_under_the_new_number(lost, sandbox) -> None:
    removal = taking(lost)
    number = sandbox.state.add_tag(TAG)
    first = due(make_rule(connection=lost.connection, target_id=number, target_label=TAG))
    sandbox.faults.set("server_error", count=1)
    send_one(first)
    given, taken = due(lost), due(removal)
    send_all(given, taken)
    assert {first.status, given.status, taken.status} == {"retrying"}

    send_all(hurry(first), given, taken)

    assert [row.status for row in (first, given, taken)] == ["completed"] * 3
    assert sandbox.state.tags_of(EMAIL) == []


def test_what_is_nowhere_any_more_is_not_on_the_contact(lost, sandbox) -> None:
    number = sandbox.state.add_tag(TAG)
    send_all(due(lost))
    sandbox.state.delete_tag(number)
    removal = taking(lost)

    taken = send_one(due(removal))

    assert (taken.status, taken.attempts.get().effect) == ("completed", "absent")
    assert Rule.objects.get(pk=removal.pk).held_reason == ""


def test_an_unsubscription_follows_a_list_that_is_known_to_be_gone(sandbox) -> None:
    connection = connect(sandbox)
    number = sandbox.state.add_list("Beta")
    over = {"connection": connection, "target_label": "Beta", "target_id": number}
    adding = make_rule(action="add_to_list", **over)
    leaving = make_rule(action="remove_from_list", **over)
    refresh_catalog(connection, now=timezone.now())
    sandbox.state.delete_list(number)
    anew = sandbox.state.add_list("Beta")
    joined, left = due(adding), due(leaving)

    send_all(joined, left)

    assert told(joined) == told(left) == [("delivered", anew, True)]
    assert sandbox.state.lists_of(EMAIL) == {"Beta": 2}
