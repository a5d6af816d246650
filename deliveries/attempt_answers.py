"""How the API's description declares attempts and what a destination answered to them.

Source: Meshes API wire contract, sections 8.5 and 8.6.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deliveries.descriptions import EVENT_ID, WORKSPACE_ID
from deliveries.event_answers import BAD_PAGE
from deliveries.models import Outcome
from deliveries.rule_event_answers import CONNECTION_ID, RULE_ID, TAG, UNKNOWN
from meshes.openapi import PAGING, answer, described, list_of, refusal

NOTHING_CAPTURED = (
    "Nothing was captured for this attempt: it did not fail, or the destination did not answer."
)
EXAMPLE = {
    "id": "5f7c0b8e-2d3c-4b53-9c1a-8d9e0f1a2b3c",
    "event_id": EVENT_ID,
    "rule": RULE_ID,
    "connection": CONNECTION_ID,
    "workspace": WORKSPACE_ID,
    "integration_type": "activecampaign",
    "attempt_number": 1,
    "outcome_code": "rejected_server_error",
    "message": "ActiveCampaign had a problem of its own.",
    "started_at": "2026-03-21T15:06:01.400Z",
    "completed_at": "2026-03-21T15:06:01.910Z",
    "duration_ms": 510,
    "has_response_details": True,
    "created_at": "2026-03-21T15:06:01.400Z",
}
EXAMPLE_DETAILS = {
    "status_code": 500,
    "headers": {"content-type": "text/html", "date": "Sat, 21 Mar 2026 15:06:01 GMT"},
    "body": "500: Internal Server Error",
    "truncated": False,
    "captured_at": "2026-03-21T15:06:01.905Z",
}


class AttemptSerializer(serializers.Serializer[Any]):
    """One try of a delivery; while it is in flight it has neither `outcome_code` nor end."""

    id = serializers.UUIDField()
    event_id = serializers.UUIDField()
    rule = serializers.UUIDField()
    connection = serializers.UUIDField()
    workspace = serializers.UUIDField()
    integration_type = serializers.CharField()
    attempt_number = serializers.IntegerField(min_value=1)
    outcome_code = serializers.ChoiceField(Outcome.values, required=False)
    message = serializers.CharField(required=False)
    started_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(required=False)
    duration_ms = serializers.IntegerField(required=False, min_value=0)
    has_response_details = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class ResponseDetailsSerializer(serializers.Serializer[Any]):
    """The answer with which an attempt failed; values that may be personal are masked."""

    status_code = serializers.IntegerField()
    headers = serializers.DictField(child=serializers.CharField())
    body = serializers.CharField(allow_blank=True)
    truncated = serializers.BooleanField()
    captured_at = serializers.DateTimeField()


NO_ATTEMPT = refusal(
    404,
    "There is no such event, rule or attempt, or the event did not match the rule.",
    message="There is no such attempt.",
)

LIST = described(
    "listAttempts",
    summary="List the attempts of an event for one rule",
    tag=TAG,
    parameters=PAGING,
    answers={
        200: answer(
            list_of(AttemptSerializer, name="AttemptList"),
            "A page of attempts, newest first.",
            (
                "One attempt",
                {"count": 1, "limit": 50, "next_cursor": None, "records": [EXAMPLE]},
            ),
        )
    },
    errors={400: BAD_PAGE, 404: UNKNOWN},
)
SHOW = described(
    "getAttempt",
    summary="Show an attempt",
    tag=TAG,
    answers={200: answer(AttemptSerializer, "The attempt.", ("Failed", EXAMPLE))},
    errors={404: NO_ATTEMPT},
)
DETAILS = described(
    "getAttemptResponseDetails",
    summary="Show what the destination answered to a failed attempt",
    tag=TAG,
    answers={
        200: answer(
            ResponseDetailsSerializer,
            "The answer to the call with which the attempt failed: no credentials, no cookies, "
            "values masked, the body cut at 4 KiB.",
            ("A server error", EXAMPLE_DETAILS),
        )
    },
    errors={
        404: refusal(
            404,
            "There is no such attempt, or nothing was captured for it.",
            message=NOTHING_CAPTURED,
        )
    },
)
