"""Cancel by the contract: one delivery, and all that an event waits for.

Source: Meshes API wire contract, section 8.7.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from deliveries.models import Delivery
from tests.builders import make_delivery, make_event, make_rule
from tests.contract.event_shapes import EVENT, RULE_EVENT
from tests.contract.shapes import fits, refusal
from tests.deliveries.replays import replay_now, row


@pytest.fixture
def event(workspace: Any) -> Any:
    """An event of the workspace."""
    return make_event(workspace=workspace)


def made(event: Any, status: str = "pending", **over: Any) -> Delivery:
    rule = make_rule(workspace=event.workspace)
    if status == "processing":
        over |= {"lease_token": uuid4(), "lease_until": timezone.now()}
    return make_delivery(event, rule, status=status, **over)


def address(delivery: Delivery) -> str:
    return f"/events/{delivery.event.uuid}/rules/{delivery.rule_id}/cancel"


@pytest.mark.parametrize("over", [{}, {"status": "retrying"}, {"held_reason": "tag_not_found"}])
def test_what_waits_is_canceled_in_the_keys_name(machine, event, over):
    delivery, other = made(event, **over), made(event)

    shown = fits(machine.ask("POST", address(delivery)), RULE_EVENT)

    assert (shown["id"], shown["status"]) == (str(delivery.uuid), "canceled")
    assert shown["last_error"] == "machine key: Tests canceled this delivery."
    assert "completed_at" in shown
    assert Delivery.objects.get(pk=other.pk).status == "pending"


def test_an_attempt_in_flight_ends_first(machine, event):
    delivery = made(event, "processing")

    shown = fits(machine.ask("POST", address(delivery)), RULE_EVENT)

    assert shown["status"] == "processing"
    assert Delivery.objects.get(pk=delivery.pk).cancel_asked_at is not None
    assert machine.ask("POST", address(delivery))["status"] == "processing"


def test_a_retry_that_has_not_begun_is_called_off(machine, event):
    delivery = replay_now(made(event, "failed", completed_at=timezone.now()))

    shown = fits(machine.ask("POST", address(delivery)), RULE_EVENT)

    assert shown["status"] == "failed"


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_what_has_ended_is_a_conflict(machine, event, status):
    delivery = made(event, status)
    before = row(delivery)

    refusal(machine.call("POST", address(delivery)), 409, "Conflict")
    refusal(machine.call("POST", f"/events/{event.uuid}/cancel"), 409, "Conflict")

    assert row(delivery) == before


def test_an_event_ends_with_all_that_it_waits_for(machine, event):
    done, first, second = made(event, "completed"), made(event), made(event, "retrying")
    elsewhere = made(make_event(workspace=event.workspace))

    shown = fits(machine.ask("POST", f"/events/{event.uuid}/cancel"), EVENT)

    assert shown["status"] == "canceled"
    assert {one["id"]: one["status"] for one in shown["rule_events"]} == {
        str(done.uuid): "completed",
        str(first.uuid): "canceled",
        str(second.uuid): "canceled",
    }
    assert Delivery.objects.get(pk=elsewhere.pk).status == "pending"


def test_an_event_without_deliveries_has_nothing_to_cancel(machine, event):
    refusal(machine.call("POST", f"/events/{event.uuid}/cancel"), 409, "Conflict")
