"""How the API's description declares what an event came to for one rule, its retry and its end.

Source: Meshes API wire contract, sections 7.2, 8.4 and 8.7.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deliveries.canceling import ENDED
from deliveries.descriptions import EVENT_ID, WORKSPACE_ID
from deliveries.models import Status
from deliveries.retrying import IN_FLIGHT, NOT_ACTIVE, OVER
from meshes.api_errors import Fault
from meshes.list_filters import BAD_PARAMETERS
from meshes.openapi import answer, described, refusal

TAG = "Deliveries"
RULE_ID = "c9d8e7f6-0a1b-4c2d-8e3f-123456789abc"
CONNECTION_ID = "a2f7c1d0-5e5e-4c3b-9f1e-7d6c5b4a3f21"
NO_ID = "must be a UUID"
NOT_MATCHED = "This event matched no rule with this id."
EXAMPLE = {
    "id": "f1a2b3c4-1111-4222-8333-444455556666",
    "type": "rule",
    "workspace": WORKSPACE_ID,
    "event": "page.completed",
    "event_id": EVENT_ID,
    "resource": "onboarding_sequence",
    "resource_id": "workspace-setup",
    "connection": CONNECTION_ID,
    "rule": RULE_ID,
    "integration_type": "activecampaign",
    "status": "completed",
    "attempt_count": 1,
    "started_at": "2026-03-21T15:06:01.400Z",
    "completed_at": "2026-03-21T15:06:02.020Z",
    "created_by": "publishable key: Default",
    "created_at": "2026-03-21T15:06:01.250Z",
}
RETRYING = {
    **{name: value for name, value in EXAMPLE.items() if name != "completed_at"},
    "status": "retrying",
    "attempt_count": 3,
    "last_error": "No complete answer came in time; the request may have acted.",
}
CANCELED = {
    **EXAMPLE,
    "status": "canceled",
    "attempt_count": 3,
    "completed_at": "2026-03-21T15:09:12.001Z",
    "last_error": "machine key: Backend canceled this delivery.",
}


@extend_schema_field({"type": "string", "const": "rule"})
class RuleWord(serializers.CharField):
    """The word `rule`, which tells a rule event from an event."""


class RuleEventSerializer(serializers.Serializer[Any]):
    """What an event came to for one rule. A delivery that waits for a person is `pending`."""

    id = serializers.UUIDField()
    type = RuleWord()
    workspace = serializers.UUIDField()
    event = serializers.CharField()
    event_id = serializers.UUIDField()
    resource = serializers.CharField(required=False)
    resource_id = serializers.CharField(required=False)
    connection = serializers.UUIDField()
    rule = serializers.UUIDField()
    integration_type = serializers.CharField()
    status = serializers.ChoiceField(Status.values)
    attempt_count = serializers.IntegerField(min_value=0)
    started_at = serializers.DateTimeField(required=False)
    completed_at = serializers.DateTimeField(required=False)
    last_error = serializers.CharField(required=False)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()


UNKNOWN = refusal(
    404,
    "There is no such event or rule, or the event did not match the rule.",
    message=NOT_MATCHED,
)

RETRY = described(
    "retryRuleEvent",
    summary="Make the next attempt now",
    tag=TAG,
    answers={
        200: answer(
            RuleEventSerializer,
            "The next attempt is due: of a failed delivery, or of one that would be retried "
            "later. The attempt carries the name of the machine key.",
            ("Retrying", RETRYING),
        )
    },
    errors={
        400: refusal(
            400, "An id is no UUID.", message=BAD_PARAMETERS, data=(Fault("rule_id", NO_ID),)
        ),
        404: UNKNOWN,
        409: refusal(
            409, "The delivery was completed or canceled.", message=OVER.format("completed")
        ),
        422: refusal(
            422,
            "The delivery cannot be made: its connection is inactive, its rule or connection was "
            "deleted, or it waits for a person.",
            message=NOT_ACTIVE,
        ),
        425: refusal(
            425, "An attempt is in flight, or follows within 5 seconds.", message=IN_FLIGHT
        ),
    },
)
CANCEL = described(
    "cancelRuleEvent",
    summary="Cancel the delivery of an event for one rule",
    tag=TAG,
    answers={
        200: answer(
            RuleEventSerializer,
            "Nothing more is sent. An attempt in flight ends first: the delivery is `processing` "
            "until then, and `completed` if it succeeds. A retry that has not begun is called "
            "off, and the delivery is as it was before.",
            ("Canceled", CANCELED),
        )
    },
    errors={404: UNKNOWN, 409: refusal(409, "The delivery has ended.", message=ENDED)},
)
