"""Rules that start an automation again: through the engine, after failures, apart from imports."""

from __future__ import annotations

from typing import Any

import pytest

from deliveries.import_claiming import take
from deliveries.models import Delivery
from rules.models import Rule
from tests.deliveries.bursts import account_of, bulk_rule, burst
from tests.deliveries.scenes import EMAIL, calls, due, hurry, send_one, tag_rule

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rule(sandbox: Any) -> Rule:
    rule = tag_rule(sandbox, "again", restart=True)
    sandbox.state.add_automation("Welcome", tag=rule.target_id)
    return rule


def test_an_automation_starts_once_for_each_event(sandbox: Any, rule: Rule) -> None:
    for number in (1, 2, 3):
        assert send_one(due(rule)).status == "completed"
        assert sandbox.state.automations_of(EMAIL) == ["Welcome"] * number
    assert sandbox.state.tags_of(EMAIL) == ["again"]


def test_without_it_the_automation_starts_once(sandbox: Any) -> None:
    rule = tag_rule(sandbox, "again")
    sandbox.state.add_automation("Welcome", tag=rule.target_id)
    for _ in range(2):
        send_one(due(rule))
    assert sandbox.state.automations_of(EMAIL) == ["Welcome"]


def test_a_retry_goes_on_after_the_step_that_was_written_down(sandbox: Any, rule: Rule) -> None:
    delivery = due(rule)
    Delivery.objects.filter(pk=delivery.pk).update(progress={"taken_away": rule.target_id})
    sandbox.state.add_contact(EMAIL, tags=["again"])

    send_one(delivery)

    assert "DELETE" not in " ".join(calls(sandbox))
    assert sandbox.state.automations_of(EMAIL) == []


def test_an_add_without_an_answer_is_not_taken_away_again(sandbox: Any, rule: Rule) -> None:
    send_one(due(rule))
    delivery = due(rule)
    sandbox.faults.set("reset_after_write", path="contactTags", count=1)

    assert send_one(delivery).status == "retrying"
    assert delivery.progress == {"taken_away": rule.target_id}
    assert send_one(hurry(delivery)).status == "completed"

    assert sandbox.state.automations_of(EMAIL) == ["Welcome"] * 2
    assert sum(call.startswith("DELETE") for call in calls(sandbox)) == 1


def test_a_removal_without_an_answer_is_looked_at_before_it_is_repeated(
    sandbox: Any, rule: Rule
) -> None:
    send_one(due(rule))
    delivery = due(rule)
    sandbox.faults.set("reset_after_write", path="contactTags/*", count=1)

    assert send_one(delivery).status == "retrying"
    assert delivery.progress == {}
    assert send_one(hurry(delivery)).status == "completed"

    assert sandbox.state.automations_of(EMAIL) == ["Welcome"] * 2


@pytest.mark.parametrize(("restart", "taken"), [(False, True), (True, False)])
def test_an_import_takes_none_of_them(sandbox: Any, restart: bool, taken: bool) -> None:
    rule = bulk_rule(sandbox, restart=restart)
    burst(rule)
    assert (take(account_of(rule)) is not None) is taken
