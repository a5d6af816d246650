"""A target that was made anew under its name keeps the order of its deliveries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.catalog import refresh_catalog
from deliveries import holding
from deliveries.models import Attempt, Delivery
from deliveries.reasons import BY_ITSELF, REASONS
from rules.models import Rule
from tests.builders import make_attempt, make_connection, make_rule
from tests.deliveries.scenes import EMAIL, due, hurry, send_all, send_one, tag_rule
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
    return removing(rule, target_id=sandbox.state.add_tag(TAG))


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
    """A rule whose tag was made anew since the account was read; another takes the tag away."""
    rule = tag_rule(sandbox, TAG)
    removing(rule)
    sandbox.state.add_contact(EMAIL, tags=[])
    refresh_catalog(rule.connection, now=timezone.now())
    sandbox.state.delete_tag(rule.target_id)
    sandbox.state.add_tag(TAG)
    return rule


def taking(rule: Rule) -> Rule:
    return Rule.objects.get(action="remove_tag", target_id=rule.target_id)


def test_every_rule_of_the_tag_follows_with_what_waits(lost, sandbox) -> None:
    removal = taking(lost)
    given, taken = due(lost), due(removal)

    send_one(given)
    taken.refresh_from_db()
    assert (taken.target_id, taken.held_reason) == (lost.target_id, "tag_not_found")
    assert holding.release_repaired() == 1
    send_all(taken)

    number = given.target_id
    assert told(given) == told(taken) == [("delivered", number, True)]
    assert sandbox.state.tags_of(EMAIL) == []
    assert Rule.objects.get(pk=removal.pk).target_id == number != lost.target_id


def test_a_removal_does_not_pass_an_addition_that_waits_under_the_new_number(lost, sandbox) -> None:
    number = sandbox.state.add_tag(TAG)
    first = due(make_rule(connection=lost.connection, target_id=number, target_label=TAG))
    sandbox.faults.set("server_error", count=1)
    send_one(first)
    given, taken = due(lost), due(taking(lost))
    send_all(given, taken)
    assert [first.status, given.status, taken.status] == ["retrying", "retrying", "pending"]

    holding.release_repaired()
    send_all(hurry(first), given, taken)

    assert [row.status for row in (first, given, taken)] == ["completed"] * 3
    assert sandbox.state.tags_of(EMAIL) == []


def test_other_rules_stay_as_they_are(lost, sandbox) -> None:
    removal = taking(lost)
    numbers = [sandbox.state.add_list(f"list {n}") for n in range(int(lost.target_id))]
    sandbox.state.add_list(TAG)
    sandbox.state.delete_list(lost.target_id)
    assert lost.target_id in numbers
    refresh_catalog(lost.connection, now=timezone.now())
    off = removing(lost, page_id="off")
    Rule.objects.filter(pk=off.pk).update(active=False)
    other = make_rule(
        connection=lost.connection, action="add_to_list", target_id=lost.target_id,
        target_label=TAG,
    )  # fmt: skip
    elsewhere = make_rule(target_id=lost.target_id, target_label=TAG)
    before = [lost.target_id] * 3

    send_one(due(lost))

    kept = Rule.objects.filter(pk__in=[off.pk, other.pk, elsewhere.pk])
    assert list(kept.values_list("target_id", flat=True)) == before
    assert Rule.objects.get(pk=removal.pk).target_id != lost.target_id


def test_a_rule_that_would_be_the_same_as_another_goes_on_as_it_is(lost, sandbox) -> None:
    removal = taking(lost)
    removing(lost, target_id=sandbox.state.add_tag(TAG))

    send_one(due(lost))

    kept = Rule.objects.get(pk=removal.pk)
    assert (kept.target_id, kept.held_reason) == (lost.target_id, "")


def test_what_was_applied_elsewhere_under_the_same_number_is_another_thing(
    rule, removal, sandbox
) -> None:
    old = due(rule, status="failed")
    send_all(due(removal))
    make_attempt(old, target_id=removal.target_id, connection=make_connection())
    make_attempt(
        old, target_id=removal.target_id, rule_version=make_rule(action="add_to_list").current
    )
    Delivery.objects.filter(pk=old.pk).update(target_id=removal.target_id)

    send_one(replayed(old))

    assert (old.status, old.reason) == ("canceled", "superseded")
