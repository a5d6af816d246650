"""The official management clients, replayed byte for byte over real HTTP.

Each double sends what its original sends and reads answers as strictly as it does.
Source: Meshes API wire contract, sections 1.1, 2.2, 3 and 15 (which is not served).
"""

from __future__ import annotations

import http.client
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from tests.builders import make_organization, make_workspace
from tests.contract.machine import Machine, make_machine

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = {"created_at", "updated_at", "started_at", "completed_at", "refreshed_at", "expires_at"}
IDS = {"id", "workspace", "connection", "rule", "event_id"}


class Client:
    """What the doubles share: one connection for each request, as `fetch` may do."""

    def __init__(self, url: str, machine: Machine) -> None:
        self.address, self.machine = urlsplit(url), machine

    def send(self, method: str, path: str, text: str | None, headers: dict[str, str]) -> Any:
        """Status, headers and bytes of the answer."""
        connection = http.client.HTTPConnection(
            str(self.address.hostname), self.address.port, timeout=20
        )
        signed = {**headers, "Authorization": f"Bearer {self.machine.token()}"}
        connection.request(method, path, text, signed)
        answer = connection.getresponse()
        read = answer.status, answer.headers, answer.read()
        connection.close()
        return read


class JavaScript(Client):
    """Announces JSON on every request; any 2xx is success, the rest rejects with the body."""

    base = "/api/v1"

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Meshes-Client": "Meshes API Client v1.0.0",
        }
        text = None if body is None else json.dumps(body, separators=(",", ":"))
        status, _, raw = self.send(method, self.base + path, text, headers)
        data = json.loads(raw) if raw else None
        if not 200 <= status < 300:
            raise Rejected(status, data)
        return data


class Rejected(Exception):
    """What the JavaScript client rejects with: `status` and `data`."""

    def __init__(self, status: int, data: Any) -> None:
        super().__init__(status, data)
        self.status, self.data = status, data


class Go(Client):
    """Decodes a body only with a JSON type; ids as UUIDs and times as RFC 3339, strictly."""

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        headers = {} if body is None else {"Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        status, said, raw = self.send(method, f"/api/v1{path}", text, headers)
        assert "json" in said["Content-Type"]
        return status, decoded(json.loads(raw))


def decoded(value: Any) -> Any:
    """The value, after every id and time in it was read as Go's types read them."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    for key, item in value.items():
        if key in TIMES:
            assert datetime.fromisoformat(item).utcoffset() is not None
        elif key in IDS and isinstance(item, str):
            assert str(UUID(item)) == item
        else:
            decoded(item)
    return value


@pytest.fixture
def machine():
    return make_machine(make_organization())


@pytest.fixture
def javascript(live_server, machine):
    return JavaScript(live_server.url, machine)


@pytest.fixture
def go(live_server, machine):
    return Go(live_server.url, machine)


def test_the_javascript_client_makes_reads_and_renames_a_workspace(javascript):
    made = javascript("POST", "/workspaces", {"name": "Northwind prod"})["workspace"]
    renamed = javascript("PUT", f"/workspaces/{made['id']}", {"name": "Northwind"})
    alone = javascript("GET", f"/workspaces/{made['id']}")

    assert renamed == {**made, "name": "Northwind", "updated_at": renamed["updated_at"]}
    assert {**renamed, "publishable_key": alone["publishable_key"]} == alone
    assert javascript("GET", "/workspaces")["records"] == [renamed]


def test_an_address_with_a_slash_at_its_end_works(javascript, machine):
    workspace = make_workspace(organization=machine.key.organization)
    javascript.base = "/api/v1/"

    shown = javascript("GET", f"/workspaces/{workspace.pk}?debug=1&x=")

    assert shown["id"] == str(workspace.pk)
    assert javascript("GET", f"/workspaces/{workspace.pk}/event-types") == []


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/workspaces/6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77", 404, "NotFound"),
        ("POST", "/workspaces", 400, "BadRequest"),
        ("PATCH", "/workspaces", 405, "MethodNotAllowed"),
        ("GET", "/sessions", 404, "NotFound"),
        ("GET", "/nowhere", 404, "NotFound"),
    ],
)
def test_a_refusal_rejects_with_a_body_that_the_client_can_show(
    javascript, method, path, status, name
):
    with pytest.raises(Rejected) as rejected:
        javascript(method, path)

    assert rejected.value.status == status
    assert rejected.value.data["error"]["name"] == name
    assert isinstance(rejected.value.data["message"], str)


def test_the_go_client_decodes_everything_that_it_reads(go):
    made = go("POST", "/workspaces", {"name": "Northwind prod", "description": None})
    path = f"/workspaces/{made[1]['workspace']['id']}"

    updated = go("PUT", path, {"name": "Northwind", "description": None})

    assert (made[0], updated[0]) == (201, 200)
    assert updated[1]["description"] is None
    for address in ("/workspaces", path, f"{path}/resources", "/integrations"):
        assert go("GET", address)[0] == 200


def test_the_go_client_posts_events_with_its_machine_key(go, machine):
    workspace = make_workspace(organization=machine.key.organization)
    event = {"event": "page.completed", "workspace": str(workspace.pk), "payload": {"x": 1}}

    status, body = go("POST", "/events", event)

    assert (status, body["event"]["workspace"]) == (201, str(workspace.pk))
    status, body = go("POST", "/events/bulk", [event, event])
    assert (status, body["count"]) == (201, 2)
