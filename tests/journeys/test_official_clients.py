"""The official events client, replayed byte for byte over real HTTP.

Source: Meshes API wire contract, sections 1.1, 2.1 and 6.
"""

from __future__ import annotations

import http.client
import json
import re
from urllib.parse import urlsplit

import pytest

from deliveries.models import Delivery, Event
from tests.builders import make_rule
from tests.deliveries.senders import EVENT, make_sender, stored

pytestmark = pytest.mark.django_db(transaction=True)

KEY_THAT_THE_CLIENT_TAKES = re.compile(r"^mesh_pub_([A-Za-z0-9\-.]+)_([A-Za-z0-9\-.]+)_([^_]+)$")
GUIDE = {
    "event": "page.completed",
    "resource": "onboarding_sequence",
    "resource_id": "workspace-setup",
    "payload": {
        "user_id": "usr_5012",
        "email": "alex@northstar.io",
        "page_id": "page_connect-crm",
        "page_title": "Connect your CRM",
        "sequence_step": 3,
        "completed_at": "2026-03-21T15:06:00Z",
    },
}


@pytest.fixture
def sender():
    """A workspace with a key, after whatever another test left."""
    return make_sender()


@pytest.fixture
def post(live_server, sender):
    """Posts as the JS client does: its headers on every request, compact JSON."""

    def send(path, body, *, base="/api/v1", **more):
        address = urlsplit(live_server.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Meshes-Client": "Meshes Events Client v1.0.0",
            "X-Meshes-Publishable-Key": sender.key,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        text = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":"))
        connection.request("POST", f"{base}{path}", text, headers)
        answer = connection.getresponse()
        read = answer.status, dict(answer.headers), json.loads(answer.read())
        connection.close()
        return read

    return send


def test_the_key_that_we_make_passes_the_clients_own_check(sender):
    assert KEY_THAT_THE_CLIENT_TAKES.match(sender.key)


def test_the_guides_event_becomes_one_delivery_for_its_rule(post, sender):
    rule = make_rule(
        workspace=sender.workspace,
        resource="onboarding_sequence",
        resource_id="workspace-setup",
        page_id="page_connect-crm",
        sequence_step="3",
    )
    make_rule(workspace=sender.workspace, page_id="another-page")

    status, headers, body = post("/events", GUIDE)

    event = Event.objects.get()
    assert status == 201
    assert "json" in headers["Content-Type"]
    assert set(body) == {"event"}
    assert body["event"] == {
        "id": str(event.uuid),
        "type": "event",
        "event": "page.completed",
        "workspace": str(sender.workspace.pk),
        "resource": "onboarding_sequence",
        "resource_id": "workspace-setup",
        "created_by": "publishable key: Default",
        "created_at": event.created_at.isoformat(timespec="milliseconds")[:-6] + "Z",
    }
    assert event.payload == GUIDE["payload"]
    assert (event.page_id, event.sequence_step) == ("page_connect-crm", "3")
    delivery = Delivery.objects.get()
    assert (delivery.rule, delivery.email) == (rule, "alex@northstar.io")


def test_an_array_is_a_bulk_request_and_keeps_its_order(post):
    status, _, body = post("/events/bulk", [GUIDE, {**GUIDE, "event": ""}, EVENT])

    assert (status, body["count"], body["error_count"]) == (207, 3, 1)
    assert [set(record) >= {"id", "type", "resource"} for record in body["records"]] == [
        True,
        False,
        True,
    ]
    assert Event.objects.count() == 2


def test_headers_that_callers_add_are_welcome(post):
    more = {"X_Request_Id": "req-1", "Idempotency_Key": "complete-3-usr_5012", "X_Anything": "x"}

    first = post("/events", GUIDE, **more)
    again = post("/events", GUIDE, **more)

    assert (first[0], again[0]) == (201, 201)
    assert first[2] == again[2]
    assert again[1]["Idempotency-Replayed"] == "true"
    assert stored() == (1, 0, 1)


def test_an_address_with_a_slash_at_its_end_and_query_parameters_work(post):
    assert post("/events?debug=1", GUIDE, base="/api/v1/")[0] == 201
    assert post("/events/bulk", [GUIDE], base="/api/v1/")[0] == 201


def test_the_workspace_may_be_named_next_to_the_key(post, sender):
    assert post("/events", {**GUIDE, "workspace": str(sender.workspace.pk)})[0] == 201


@pytest.mark.parametrize(
    ("body", "more", "status", "name"),
    [
        (b"{", {}, 400, "BadRequest"),
        (b"", {}, 400, "BadRequest"),
        ({"event": " ", "payload": {"x": 1}}, {}, 400, "BadRequest"),
        (GUIDE, {"X_Meshes_Publishable_Key": "mesh_pub_v1_0_x"}, 401, "Unauthorized"),
        (GUIDE, {"Content_Type": "text/csv"}, 415, "UnsupportedMediaType"),
        (b'{"x":"' + b"y" * 300_000 + b'"}', {}, 413, "PayloadTooLarge"),
    ],
)
def test_an_error_rejects_with_a_body_that_the_clients_can_read(post, body, more, status, name):
    answer = post("/events", body, **more)

    assert answer[0] == status
    assert "json" in answer[1]["Content-Type"]
    assert answer[2]["error"]["name"] == name
    assert isinstance(answer[2]["message"], str)
    assert stored() == (0, 0, 0)
