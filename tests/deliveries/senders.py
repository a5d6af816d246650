"""Senders of events for tests, and what must not be there after a refusal."""

from __future__ import annotations

import json
from typing import Any

from deliveries.models import Delivery, Event, IdempotencyKey
from meshes.models import Organization, PublishableKey, Workspace
from meshes.workspaces import create_workspace
from tests.builders import make_connection, make_organization, make_rule
from tests.conftest import Api

EVENTS = "/api/v1/events"
BULK = "/api/v1/events/bulk"
PAYLOAD = {"email": "alex@northstar.io", "page_id": "page_connect-crm"}
EVENT = {"event": "page.completed", "payload": PAYLOAD}


def make_sender(name: str = "Sender") -> Api:
    """A sender with a workspace of its own, also after the tables were emptied."""
    organization = Organization.objects.live().first() or make_organization()
    workspace, key = create_workspace(name, organization=organization, by="tests")
    return Api(workspace, key.key)


def key_of(api: Api) -> PublishableKey:
    return PublishableKey.objects.get(key=api.key)


def give_rules(workspace: Workspace, number: int, **over: Any) -> list[Any]:
    """So many rules of one connection, for different tags."""
    connection = make_connection(workspace=workspace)
    return [make_rule(connection=connection, target_id=str(i), **over) for i in range(number)]


def stored() -> tuple[int, int, int]:
    """How many events, deliveries and idempotency keys there are."""
    return Event.objects.count(), Delivery.objects.count(), IdempotencyKey.objects.count()


def refused(answer: Any, status: int, name: str) -> dict[str, Any]:
    """The error of an answer that refuses, after making sure that nothing was stored."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/json"
    body = json.loads(answer.content)
    assert body["error"]["name"] == name
    assert body["message"]
    assert stored() == (0, 0, 0)
    return dict(body["error"])
