"""Retry by the contract, and that it acts on the engine.

Source: Meshes API wire contract, section 8.4.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from connections.models import Connection
from deliveries.models import Delivery, Event
from rules.models import Rule
from tests.builders import make_delivery, make_event, make_rule
from tests.contract.event_shapes import RULE_EVENT
from tests.contract.shapes import fits, refusal
from tests.deliveries.replays import row
from tests.deliveries.scenes import connect, due, send_one, tag_rule

KEY = "machine key: Tests"


@pytest.fixture
def rule(workspace: Any) -> Any:
    """A rule of the workspace."""
    return make_rule(workspace=workspace)


def address(delivery: Delivery) -> str:
    return f"/events/{delivery.event.uuid}/rules/{delivery.rule_id}/retry"


def made(rule: Any, **over: Any) -> Delivery:
    given = {"status": "failed", "reason": "timeout", "tries": 9, **over}
    return make_delivery(make_event(workspace=rule.workspace), rule, **given)


def later(seconds: float) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("event_id", "rule_id", "params"),
    [
        ("{event}", "12", ["rule_id"]),
        ("{event}0", "{rule}", ["event_id"]),
        ("evt_1", "rule%201", ["event_id", "rule_id"]),
    ],
)
@pytest.mark.parametrize("end", ["", "/"])
def test_a_malformed_id_is_told_apart_from_an_unknown_one(
    machine, rule, event_id, rule_id, params, end
):
    delivery = made(rule)
    before = row(delivery)
    path = f"/events/{event_id}/rules/{rule_id}/retry{end}"
    path = path.replace("{event}", str(delivery.event.uuid)).replace("{rule}", str(rule.pk))

    error = refusal(machine.call("POST", path), 400, "BadRequest")

    assert [fault["param"] for fault in error["data"]] == params
    assert row(delivery) == before


def test_a_malformed_id_opens_nothing_without_a_token(machine, rule):
    answer = machine.call("POST", "/events/1/rules/2/retry", Authorization="")

    refusal(answer, 401, "Unauthorized")


def test_a_failed_delivery_begins_a_new_run_in_the_keys_name(machine, rule):
    delivery = made(rule, completed_at=timezone.now(), last_error="No answer.", attempt_count=3)

    shown = fits(machine.ask("POST", address(delivery)), RULE_EVENT)

    assert (shown["id"], shown["status"]) == (str(delivery.uuid), "pending")
    assert "completed_at" not in shown
    delivery.refresh_from_db()
    assert (delivery.trigger, delivery.asked_by, delivery.tries) == ("replay", KEY, 0)
    assert not delivery.insist


def test_a_retrying_delivery_is_due_at_once_and_keeps_its_tries(machine, rule):
    delivery = made(rule, status="retrying", next_attempt_at=later(600), priority=1)
    before = row(delivery)

    shown = fits(machine.ask("POST", address(delivery)), RULE_EVENT)

    assert shown["status"] == "retrying"
    after = row(delivery)
    assert after["next_attempt_at"] <= timezone.now()
    assert {name for name in after if after[name] != before[name]} == {
        "next_attempt_at",
        "progress",
    }


def test_only_the_next_attempt_was_asked_for(machine, workspace, sandbox):
    rule = tag_rule(sandbox, connection=connect(sandbox, workspace=workspace))
    delivery = due(rule, attempt_count=1, status="retrying", next_attempt_at=later(600))
    machine.ask("POST", address(delivery))

    send_one(delivery)

    attempt = delivery.attempts.get()
    assert (attempt.number, attempt.trigger, attempt.asked_by) == (2, "retry", KEY)
    assert delivery.status == "completed"


@pytest.mark.parametrize("status", ["completed", "canceled"])
def test_what_is_over_is_a_conflict(machine, rule, status):
    refused(machine, made(rule, status=status), 409, "Conflict")


@pytest.mark.parametrize(
    "over",
    [
        {"status": "processing", "lease_token": uuid4(), "lease_until": later(30)},
        {"status": "retrying", "next_attempt_at": later(4)},
        {"status": "retrying", "next_attempt_at": later(-4)},
        {"status": "pending"},
    ],
    ids=["in flight", "imminent", "due", "first attempt"],
)
def test_what_follows_by_itself_is_too_early(machine, rule, over):
    refused(machine, made(rule, **over), 425, "TooEarly")


@pytest.mark.parametrize("status", ["failed", "retrying"])
@pytest.mark.parametrize(
    ("table", "change"),
    [
        (Connection, {"active": False}),
        (Connection, {"deleted_at": timezone.now()}),
        (Rule, {"deleted_at": timezone.now()}),
        (Rule, {"held_reason": "tag_not_found"}),
    ],
    ids=["connection inactive", "connection deleted", "rule deleted", "rule on hold"],
)
def test_what_cannot_run_is_unprocessable(machine, rule, status, table, change):
    delivery = made(rule, status=status, next_attempt_at=later(600))
    table.objects.update(**change)

    refused(machine, delivery, 422, "UnprocessableEntity")


@pytest.mark.parametrize(
    ("over", "erased"),
    [
        ({"status": "retrying", "held_reason": "job_paused", "next_attempt_at": later(600)}, False),
        ({"email": ""}, False),
        ({}, True),
    ],
    ids=["held", "no email", "erased"],
)
def test_what_has_nothing_to_send_is_unprocessable(machine, rule, over, erased):
    delivery = made(rule, **over)
    Event.objects.update(erased_at=timezone.now() if erased else None)

    refused(machine, delivery, 422, "UnprocessableEntity")


def test_too_many_retries_are_refused_with_a_time_to_wait(machine, rule, settings):
    settings.THROTTLE_RETRIES_BURST, settings.THROTTLE_RETRIES_PER_SECOND = 1, 1
    machine.ask("POST", address(made(rule)))

    answer = refused(machine, made(rule), 429, "TooManyRequests")

    assert answer.headers["Retry-After"] == "1"
    assert machine.call("GET", "/events").status_code == 200


def refused(machine: Any, delivery: Delivery, status: int, name: str) -> Any:
    """The answer that refuses the retry, after making sure that nothing was changed."""
    before = row(delivery)

    answer = machine.call("POST", address(delivery))

    assert refusal(answer, status, name)["message"]
    assert row(delivery) == before
    return answer
