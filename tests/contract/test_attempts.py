"""Attempts by the contract: their list, one, and what the destination answered.

Source: Meshes API wire contract, sections 8.5 and 8.6.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from deliveries.models import Attempt
from tests.builders import make_attempt, make_delivery, make_event, make_rule
from tests.contract.event_shapes import ATTEMPT, DETAILS
from tests.contract.shapes import envelope, fits, refusal

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
ANSWER = {
    "method": "POST",
    "path": "/api/3/contactTags",
    "status": 503,
    "response_headers": {"retry-after": "60"},
    "response_body": '{"message":"•••"}',
    "started_at": AT.timestamp(),
    "elapsed_ms": 250,
    "error": "",
}
NO_ANSWER = {**ANSWER, "status": None, "response_body": "", "error": "timeout"}


@pytest.fixture
def delivery(workspace: Any) -> Any:
    """A delivery of the workspace."""
    rule = make_rule(workspace=workspace)
    return make_delivery(make_event(workspace=workspace), rule, status="failed")


def address(delivery: Any, attempt: Any = None, rest: str = "") -> str:
    path = f"/events/{delivery.event.uuid}/rules/{delivery.rule_id}/attempts"
    return f"{path}/{attempt.uuid}{rest}" if attempt else path


def failed(delivery: Any, *exchanges: Any, **over: Any) -> Attempt:
    given = {"outcome": "rejected_server_error", "message": "A problem of its own.", **over}
    return make_attempt(delivery, exchanges=list(exchanges), **given)


def test_a_failed_attempt_says_all(machine, delivery):
    attempt = failed(delivery, ANSWER, started_at=AT, completed_at=AT, duration_ms=510)

    shown = fits(machine.ask("GET", address(delivery, attempt)), ATTEMPT)

    assert shown == {
        "id": str(attempt.uuid),
        "event_id": str(delivery.event.uuid),
        "rule": str(delivery.rule_id),
        "connection": str(delivery.connection_id),
        "workspace": str(delivery.workspace_id),
        "integration_type": "activecampaign",
        "attempt_number": 1,
        "outcome_code": "rejected_server_error",
        "message": "A problem of its own.",
        "started_at": "2026-06-01T09:30:00.000Z",
        "completed_at": "2026-06-01T09:30:00.000Z",
        "duration_ms": 510,
        "has_response_details": True,
        "created_at": "2026-06-01T09:30:00.000Z",
    }


def test_an_attempt_in_flight_has_neither_outcome_nor_end(machine, delivery):
    over = {"outcome": "", "message": "", "completed_at": None, "duration_ms": None}
    attempt = failed(delivery, **over)

    shown = fits(machine.ask("GET", address(delivery, attempt)), ATTEMPT)

    assert not {"outcome_code", "completed_at", "duration_ms", "message"} & set(shown)
    assert shown["has_response_details"] is False


def test_the_list_is_paged_newest_first(machine, delivery):
    attempts = [str(failed(delivery).uuid) for _ in range(5)]
    seen: list[str] = []
    path = cursor = f"{address(delivery)}?limit=2"

    while cursor:
        page = fits(machine.ask("GET", path), envelope(ATTEMPT))
        seen += [one["id"] for one in page["records"]]
        failed(delivery)
        cursor = page["next_cursor"]
        path = f"{address(delivery)}?limit=2&cursor={cursor}"

    assert seen == attempts[::-1]


def test_details_are_those_of_the_call_that_failed(machine, delivery):
    first = {**ANSWER, "status": 200, "response_body": "{}"}
    attempt = failed(delivery, first, ANSWER)

    shown = fits(machine.ask("GET", address(delivery, attempt, "/response-details")), DETAILS)

    assert shown == {
        "status_code": 503,
        "headers": {"retry-after": "60"},
        "body": '{"message":"•••"}',
        "truncated": False,
        "captured_at": "2026-06-01T09:30:00.250Z",
    }


@pytest.mark.parametrize(
    ("exchanges", "outcome"),
    [
        ([], "mapping_error"),
        ([ANSWER, NO_ANSWER], "timeout"),
        ([ANSWER], "delivered"),
        ([ANSWER], ""),
    ],
    ids=["nothing sent", "no answer", "delivered", "in flight"],
)
def test_without_a_captured_failure_there_are_no_details(machine, delivery, exchanges, outcome):
    over = {} if outcome else {"completed_at": None}
    attempt = failed(delivery, *exchanges, outcome=outcome, **over)

    assert machine.ask("GET", address(delivery, attempt))["has_response_details"] is False
    answer = machine.call("GET", address(delivery, attempt, "/response-details"))

    refusal(answer, 404, "NotFound")


def test_an_attempt_of_another_delivery_is_not_found(machine, delivery):
    other = failed(make_delivery(make_event(workspace=delivery.workspace), delivery.rule), ANSWER)

    refusal(machine.call("GET", address(delivery, other)), 404, "NotFound")
    refusal(machine.call("GET", address(delivery, other, "/response-details")), 404, "NotFound")


def test_a_rule_that_the_event_did_not_match_is_not_found(machine, delivery):
    rules = (make_rule(workspace=delivery.workspace).pk, uuid4())
    for rule in rules:
        path = f"/events/{delivery.event.uuid}/rules/{rule}/attempts"

        error = refusal(machine.call("GET", path), 404, "NotFound")

        assert error["message"] == "This event matched no rule with this id."
