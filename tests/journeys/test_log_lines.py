"""Log lines lead from the request that brought an event to every attempt at its deliveries."""

from __future__ import annotations

import io
import json
import logging.config

import pytest
from django.db import connection

from deliveries.claiming import claim
from deliveries.models import Attempt, Delivery, Event
from deliveries.sending import send
from meshes import logs
from tests.deliveries.scenes import connect, hurry, tag_rule

pytestmark = pytest.mark.django_db
EMAIL = "alex.canary@example.com"
BODY = {"event": "page.completed", "payload": {"email": EMAIL, "first_name": "Canarina"}}


@pytest.fixture
def lines(settings):
    """A function that returns the facts that were logged so far."""
    stream = io.StringIO()
    wanted = logs.configuration(format_name="json", level="INFO")
    wanted["handlers"]["console"]["stream"] = stream
    logging.config.dictConfig(wanted)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.config.dictConfig(settings.LOGGING)


def named(facts, name):
    """The facts of this name."""
    return [fact for fact in facts if fact["event"] == name]


def test_ids_lead_from_the_request_over_a_failed_attempt_to_the_delivered_one(
    api, sandbox, lines
) -> None:
    tag_rule(sandbox, connection=connect(sandbox, workspace=api.workspace))
    sandbox.faults.set("server_error", path="contactTags", count=1)

    answer = api.emit(BODY, X_Request_Id="0b9f6c1e8d2a4f35a1")
    delivery = Delivery.objects.get()
    send(claim(delivery.account_id))
    hurry(delivery)
    send(claim(delivery.account_id))
    facts = lines()

    event, (first, second) = Event.objects.get(), Attempt.objects.order_by("pk")
    (accepted,) = named(facts, "accepted")
    assert accepted["request_id"] == answer["X-Request-Id"] == "0b9f6c1e8d2a4f35a1"
    assert accepted["event_uuids"] == [answer.json()["event"]["id"]] == [str(event.uuid)]
    ids = {
        "event_id": event.pk,
        "event_uuid": str(event.uuid),
        "delivery_id": delivery.pk,
        "delivery_uuid": str(delivery.uuid),
    }
    (failed,), (delivered,) = named(facts, "attempt_failed"), named(facts, "delivered")
    assert failed.items() >= {**ids, "attempt_id": first.pk}.items()
    assert delivered.items() >= {**ids, "attempt_id": second.pk}.items()
    assert (failed["outcome"], delivered["effect"]) == ("rejected_server_error", "applied")
    assert "request_id" not in delivered
    assert "Canarina" not in json.dumps(facts)
    assert "alex" not in json.dumps(facts)


def test_a_bulk_request_is_one_line_with_every_event(api, lines) -> None:
    answer = api.post("/api/v1/events/bulk", [BODY, {"event": ""}, BODY])

    (accepted,) = named(lines(), "accepted")
    ids = [record["id"] for record in answer.json()["records"] if "id" in record]
    assert (len(ids), accepted["event_uuids"], accepted["deliveries"]) == (2, ids, 0)


def test_what_is_refused_is_not_logged_as_accepted(api, lines) -> None:
    assert api.emit({"event": ""}).status_code == 400

    assert named(lines(), "accepted") == []


@pytest.mark.parametrize("given", ["", "alex@example.com", "alexander-northstar", "0" * 65, "1\n2"])
def test_a_request_id_that_no_machine_made_up_is_replaced(client, given) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})

    assert answer["X-Request-Id"] != given
    assert len(answer["X-Request-Id"]) == 32


def test_an_error_names_the_request_under_which_the_log_knows_it(api, lines) -> None:
    def refuse(*_args, **_kwargs):
        raise RuntimeError(EMAIL)

    with connection.execute_wrapper(refuse):
        answer = api.emit(BODY, X_Request_Id="0b9f6c1e8d2a4f35a1")

    assert answer.status_code == 500
    assert "0b9f6c1e8d2a4f35a1" in answer.json()["error"]["message"]
    (failed,) = named(lines(), "api_request_failed")
    assert failed["request_id"] == "0b9f6c1e8d2a4f35a1"
