"""A backend sets everything up by the API alone: from a connection to the tag, and back."""

from __future__ import annotations

import pytest

from deliveries import tasks
from deliveries.models import Delivery
from tests.conftest import SANDBOX_KEY
from tests.contract.machine import make_machine
from tests.deliveries.scenes import send_one
from tests.deliveries.senders import make_sender

pytestmark = pytest.mark.django_db(transaction=True)

PAYLOAD = {"email": "alex@northstar.io", "page_id": "page_connect-crm", "sequence_step": 3}


@pytest.fixture
def story(sandbox):
    """The machine, its workspace, and a connection and a rule that it made."""
    workspace = make_sender().workspace
    machine = make_machine(workspace.organization)
    credentials = {"api_url": sandbox.url, "api_key": SANDBOX_KEY}
    body = {"type": "activecampaign", "name": "AC", "metadata": credentials}
    body |= {"workspace": str(workspace.pk)}
    connection = machine.ask("POST", "/connections", body, status=201)["connection"]
    return machine, str(workspace.pk), connection["id"]


def tag_named(machine, connection_id, name):
    actions = machine.ask("GET", f"/connections/{connection_id}/actions")["actions"]
    return next(tag for tag in actions["add_tag"]["data"]["tags"] if tag["name"] == name)


def rule_for(story, **conditions):
    machine, workspace_id, connection_id = story
    tag = tag_named(machine, connection_id, "step-3-complete")
    metadata = {"action": "add_tag", **tag, **conditions}
    body = {"workspace": workspace_id, "connection": connection_id, "metadata": metadata}
    return machine.ask("POST", "/rules", {**body, "event": "page.completed"}, status=201)["rule"]


def emit(story, **payload):
    machine, workspace_id, _ = story
    body = {"event": "page.completed", "workspace": workspace_id, "payload": PAYLOAD | payload}
    return machine.ask("POST", "/events", body, status=201)["event"]["id"]


def test_a_rule_made_by_the_api_acts_for_its_step_alone(story):
    rule = rule_for(story, conditions='{"sequence_step":"3"}')
    event_id = emit(story)
    emit(story, sequence_step=4)

    send_one(Delivery.objects.get())

    shown = story[0].ask("GET", f"/events/{event_id}")
    assert shown["status"] == "completed"
    assert [one["rule"] for one in shown["rule_events"]] == [rule["id"]]


def test_a_mapping_made_by_the_api_fills_the_contact(story, sandbox):
    rule_for(story)
    machine, _, connection_id = story
    path = f"/connections/{connection_id}/mappings/default"
    schema = machine.ask("GET", path)["mapping"]["schema"]
    literal = {"dest": "lastName", "source": {"type": "literal", "value": "Friend"}}
    kept = [field for field in schema["fields"] if field["dest"] != "lastName"]
    sent = {"schema": {**schema, "fields": [*kept, literal]}, "expected_version": 1}
    machine.ask("PUT", path, sent)

    emit(story)
    send_one(Delivery.objects.get())

    assert sandbox.state.data.contacts.find(PAYLOAD["email"]).last_name == "Friend"


@pytest.mark.parametrize("what", ["the rule", "the connection with its rules"])
def test_what_waits_is_canceled_when_it_is_deleted(story, sandbox, what):
    rule = rule_for(story)
    event_id = emit(story)
    before = len(sandbox.state.requests)

    if what == "the rule":
        story[0].ask("DELETE", f"/rules/{rule['id']}")
    else:
        story[0].ask("DELETE", f"/connections/{story[2]}", {"force_delete": True})
    tasks.keep_house()

    assert story[0].ask("GET", f"/events/{event_id}")["status"] == "canceled"
    assert len(sandbox.state.requests) == before
