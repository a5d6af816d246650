"""The status of an event is the same for a row and for a search, and follows the contract."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from deliveries.event_status import rolled_up, wire_status, with_status
from deliveries.models import Event, Status
from tests.builders import make_delivery, make_event, make_rule

pytestmark = pytest.mark.django_db

HELD = {"held_reason": "tag_not_found"}
STATES: dict[str, dict[str, Any]] = {
    "pending": {"status": "pending"},
    "held": {"status": "pending", **HELD},
    "held after a try": {"status": "retrying", **HELD},
    "processing": {"status": "processing"},
    "retrying": {"status": "retrying"},
    "completed": {"status": "completed"},
    "failed": {"status": "failed"},
    "canceled": {"status": "canceled"},
}
SETS = [combo for size in range(4) for combo in combinations_with_replacement(STATES, size)]


def in_state(event: Event, rule: Any, state: str) -> Any:
    given = dict(STATES[state])
    if state == "processing":
        given |= {"lease_token": uuid4(), "lease_until": timezone.now()}
    return make_delivery(event, rule, email=f"{uuid4()}@example.org", **given)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([], "completed"),
        (["pending"], "pending"),
        (["held after a try", "pending"], "pending"),
        (["pending", "completed"], "processing"),
        (["processing", "failed"], "processing"),
        (["retrying", "pending"], "processing"),
        (["retrying", "failed", "completed"], "retrying"),
        (["completed", "failed", "canceled"], "failed"),
        (["completed", "canceled"], "canceled"),
        (["completed", "completed"], "completed"),
    ],
)
def test_statuses_of_deliveries_roll_up_to_that_of_the_event(states, status):
    event, rules = make_event(), [make_rule() for _ in states]
    rows = [in_state(event, rule, state) for rule, state in zip(rules, states, strict=True)]

    assert rolled_up([wire_status(row) for row in rows]) == status


def test_a_search_finds_exactly_the_events_whose_status_a_row_says():
    rules = [make_rule() for _ in range(3)]
    expected: dict[str, set[int]] = {status: set() for status in Status.values}
    for states in SETS:
        event = make_event()
        rows = [in_state(event, rule, state) for rule, state in zip(rules, states, strict=False)]
        expected[rolled_up([wire_status(row) for row in rows])].add(event.pk)

    found = {
        status: set(Event.objects.filter(with_status(Status(status))).values_list("pk", flat=True))
        for status in Status.values
    }

    assert found == expected
    assert all(expected.values())


def test_a_delivery_of_a_hidden_rule_counts_like_any_other():
    rule = make_rule(hidden=True)
    event = make_event(workspace=rule.workspace)
    in_state(event, rule, "failed")

    assert list(Event.objects.filter(with_status(Status.FAILED))) == [event]
    assert list(Event.objects.filter(with_status(Status.COMPLETED))) == []
