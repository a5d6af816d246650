"""What the API's description says about the event endpoints, with true examples."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from deliveries.idempotency import HEADER, USED_FOR_ANOTHER
from deliveries.reading import MOST_EVENTS
from deliveries.schemas import AcceptedSerializer, BulkAnswerSerializer, EventSerializer
from meshes.api_errors import Fault
from meshes.bearer import READ_ONLY
from meshes.openapi import JSON, body_refusals, refusal

EVENT_ID = "0d1c5a1e-6a0f-4f5b-9a52-0f3a6f0c9d11"
WORKSPACE_ID = "6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77"
SENT = {
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
STORED = {
    "id": EVENT_ID,
    "type": "event",
    "event": "page.completed",
    "workspace": WORKSPACE_ID,
    "resource": "onboarding_sequence",
    "resource_id": "workspace-setup",
    "created_by": "publishable key: Default",
    "created_at": "2026-03-21T15:06:01.250Z",
}
REFUSED_ITEM = {
    "message": "Bad Request",
    "error": {
        "name": "BadRequest",
        "message": "One or more fields are invalid.",
        "data": [{"param": "[1].event", "msg": "is required"}],
    },
}

HEADERS = [
    OpenApiParameter(
        HEADER,
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description="1 to 255 visible ASCII characters. A repeat within 24 hours is answered "
        "as the first request was and stores nothing.",
    ),
    OpenApiParameter(
        "Idempotency-Replayed",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        response=[201, 207],
        enum=["true"],
        description="Sent when this is the stored answer to an earlier request.",
    ),
    OpenApiParameter(
        "Retry-After",
        OpenApiTypes.INT,
        OpenApiParameter.HEADER,
        response=[429, 503],
        description="Seconds to wait.",
    ),
]


def _accepted(serializer: Any, description: str, name: str, value: Any) -> OpenApiResponse:
    example = OpenApiExample(name, value=value, media_type=JSON)
    return OpenApiResponse(serializer, description=description, examples=[example])


REFUSALS = {
    400: refusal(
        400,
        "The body is malformed or invalid; nothing was stored.",
        message="One or more fields are invalid.",
        data=(Fault("payload.email", "must be an email address or null"),),
    ),
    401: refusal(
        401,
        "The publishable key or the token is missing, unknown, revoked or expired.",
        message="The publishable key is unknown, revoked or expired.",
    ),
    403: refusal(
        403,
        "The machine key may only read, or not act for this organization; the publishable key is "
        "for pages of other origins or for other events.",
        message=READ_ONLY,
    ),
    409: refusal(
        409,
        "The idempotency key was used for another request.",
        message=USED_FOR_ANOTHER,
    ),
    **body_refusals(limit=settings.MAX_EVENT_BYTES),
    429: refusal(
        429,
        "The key sends too fast.",
        message="This key sends too fast; try again in 2 s.",
    ),
    500: refusal(
        500,
        "Something failed on our side; nothing was stored.",
        message="Something failed on our side; the log knows it as request "
        "3f1c8f4e0b0d4a53a8cbb6d9c5a51f7e.",
    ),
    503: refusal(503, "The database is not available now."),
}
REFUSALS_OF_BULK = {
    **REFUSALS,
    400: refusal(
        400,
        "The request as a whole is of no use, or none of its events is valid.",
        message="None of the events is valid.",
        data=(Fault("[0].event", "is required"), Fault("[1].payload", "is required")),
    ),
    **body_refusals(limit=settings.MAX_BULK_BYTES),
}
ONE_EVENT: dict[str, Any] = {
    "operation_id": "createEvent",
    "summary": "Post an event",
    "tags": ["Events"],
    "parameters": HEADERS,
    "request": {JSON: EventSerializer},
    "examples": [OpenApiExample("A completed page", value=SENT, request_only=True)],
    "responses": {
        201: _accepted(
            AcceptedSerializer, "Stored; delivery follows.", "Accepted", {"event": STORED}
        ),
        **REFUSALS,
    },
}
BULK_EVENTS: dict[str, Any] = {
    "operation_id": "createEvents",
    "summary": "Post up to 100 events",
    "tags": ["Events"],
    "parameters": HEADERS,
    "request": {
        JSON: {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_EVENTS,
            "items": {"$ref": "#/components/schemas/EventRequest"},
        }
    },
    "examples": [OpenApiExample("Two events", value=[SENT, {}], request_only=True)],
    "responses": {
        201: _accepted(
            BulkAnswerSerializer,
            "Every event is stored.",
            "All accepted",
            {"count": 1, "records": [STORED]},
        ),
        207: _accepted(
            BulkAnswerSerializer,
            "Some events are stored; each record says which.",
            "Some accepted",
            {"count": 2, "error_count": 1, "records": [STORED, REFUSED_ITEM]},
        ),
        **REFUSALS_OF_BULK,
    },
}
