"""How the API's description declares events and the addresses that read and cancel them.

Source: Meshes API wire contract, sections 7 and 8.7.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from deliveries import rule_event_answers as rule_events
from deliveries.descriptions import SENT, STORED
from deliveries.event_search import SCANNED
from deliveries.models import Status
from deliveries.schemas import PayloadSerializer
from meshes.api_errors import Fault
from meshes.list_filters import BAD_PARAMETERS
from meshes.openapi import PAGING, UNKNOWN_WORKSPACE, answer, described, list_of, refusal
from meshes.pagination import LARGEST_LIMIT

TAG = "Events"
ERASED = "The person of this event was erased, so there is no payload any more."
ALL_ENDED = "Every delivery of this event has ended already, so there is nothing to cancel."
EXAMPLE = {
    **{name: value for name, value in STORED.items() if not name.startswith("created_")},
    "status": "completed",
    "total_rules": 1,
    "completed_count": 1,
    "failed_count": 0,
    "started_at": rule_events.EXAMPLE["started_at"],
    "completed_at": rule_events.EXAMPLE["completed_at"],
    "created_by": STORED["created_by"],
    "created_at": STORED["created_at"],
    "rule_events": [rule_events.EXAMPLE],
}
CANCELED = {
    **EXAMPLE,
    "status": "canceled",
    "completed_count": 0,
    "completed_at": rule_events.CANCELED["completed_at"],
    "rule_events": [rule_events.CANCELED],
}


class ReadEventSerializer(serializers.Serializer[Any]):
    """An event with what it came to for every rule that matched."""

    id = serializers.UUIDField()
    type = serializers.ChoiceField(["event"], required=False)
    event = serializers.CharField()
    workspace = serializers.UUIDField()
    resource = serializers.CharField(required=False)
    resource_id = serializers.CharField(required=False)
    status = serializers.ChoiceField(Status.values)
    total_rules = serializers.IntegerField(required=False, min_value=0)
    completed_count = serializers.IntegerField(required=False, min_value=0)
    failed_count = serializers.IntegerField(required=False, min_value=0)
    started_at = serializers.DateTimeField(required=False)
    completed_at = serializers.DateTimeField(required=False)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    rule_events = rule_events.RuleEventSerializer(many=True, required=False)


class EventWithPayloadSerializer(ReadEventSerializer):
    """An event with what its sender sent."""

    payload = PayloadSerializer()


BAD_LIMIT = Fault("limit", f"must be a whole number from 1 to {LARGEST_LIMIT}")
BAD_STATUS = Fault("status", f"must be one of {', '.join(Status.values)}")
UNKNOWN = refusal(404, "There is no such event.", message="There is no such event.")
BAD_PAGE = refusal(
    400, "The limit or the cursor is of no use.", message=BAD_PARAMETERS, data=(BAD_LIMIT,)
)
BAD_FILTER = refusal(
    400,
    "A filter, the limit or the cursor is of no use.",
    message=BAD_PARAMETERS,
    data=(BAD_STATUS,),
)
PAGE = list_of(ReadEventSerializer, name="EventList")
ONE = {"count": 1, "limit": 50, "next_cursor": None, "records": [EXAMPLE]}
FILTERS = (
    OpenApiParameter("event", OpenApiTypes.STR, description="Only events with this very name."),
    OpenApiParameter("resource", OpenApiTypes.STR, description="Only events with this resource."),
    OpenApiParameter(
        "resource_id", OpenApiTypes.STR, description="Only events with this resource id."
    ),
    OpenApiParameter(
        "status",
        OpenApiTypes.STR,
        enum=Status.values,
        description="Only events that have this status now.",
    ),
)

LIST = described(
    "listEvents",
    summary="List the events of all workspaces",
    tag=TAG,
    parameters=PAGING,
    answers={
        200: answer(
            PAGE,
            "A page of events, newest first. In an organization with very many workspaces it may "
            "hold fewer records than the limit and still have a `next_cursor`.",
            ("One event", ONE),
        )
    },
    errors={400: BAD_PAGE},
)
LIST_OF_WORKSPACE = described(
    "listWorkspaceEvents",
    summary="List a workspace's events",
    tag=TAG,
    parameters=[*PAGING, *FILTERS],
    answers={
        200: answer(
            PAGE,
            f"A page of events that fit all filters, newest first. A request looks at {SCANNED:,} "
            "events at most, so a page may hold fewer records than the limit, even none, and "
            "still have a `next_cursor`: go on until that is null.",
            ("One event", ONE),
            (
                "None yet",
                {**ONE, "count": 0, "next_cursor": "cH3JyV0AxKqLdUeNWyIxMjMiXQ", "records": []},
            ),
        )
    },
    errors={
        400: BAD_FILTER,
        404: UNKNOWN_WORKSPACE,
    },
)
SHOW = described(
    "getEvent",
    summary="Show an event with its rule events",
    tag=TAG,
    answers={200: answer(ReadEventSerializer, "The event.", ("Completed", EXAMPLE))},
    errors={404: UNKNOWN},
)
PAYLOAD = described(
    "getEventPayload",
    summary="Show an event with its payload",
    tag=TAG,
    answers={
        200: answer(
            EventWithPayloadSerializer,
            "The event with its payload as it was sent. Who looked is written down under the "
            "name of the machine key.",
            ("Completed", {**EXAMPLE, "payload": SENT["payload"]}),
        )
    },
    errors={404: refusal(404, "There is no such event, or its person was erased.", message=ERASED)},
)
CANCEL = described(
    "cancelEvent",
    summary="Cancel what an event waits for",
    tag=TAG,
    answers={
        200: answer(
            ReadEventSerializer,
            "Every delivery that had not ended is stopped; an attempt in flight ends first.",
            ("Canceled", CANCELED),
        )
    },
    errors={
        404: UNKNOWN,
        409: refusal(409, "Every delivery of the event has ended.", message=ALL_ENDED),
    },
)
