"""How the API's description declares what an account holds.

Source: Meshes API wire contract, sections 10.4 and 10.5.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from connections.account_records import FIELD_TYPES
from connections.connection_answers import CHOICE, CONNECTION_ID, TAG, UNKNOWN, WORKSPACE_ID
from connections.destinations import destination
from connections.integrations import action_record
from connections.kinds import KIND
from meshes.openapi import answer, described, object_schema, refusal

TEXT = {"type": "string"}
FLAG = {"type": "boolean"}
ID = {"type": "string", "format": "uuid"}
TIME = {"type": "string", "format": "date-time"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
FORMATS = ["email", "phone", "url", "uuid", "date", "datetime", "unknown"]
CONSTRAINTS = object_schema(
    {},
    optional={
        "format": {"type": "string", "enum": FORMATS},
        "required": FLAG,
        "read_only": FLAG,
        "max_length": WHOLE,
        "min_length": WHOLE,
        "pattern": TEXT,
        "min": NUMBER,
        "max": NUMBER,
        "allowed_values": {"type": "array", "items": TEXT},
    },
)
FIELD = object_schema(
    {"key": TEXT, "type": {"type": "string", "enum": sorted(FIELD_TYPES)}},
    optional={
        "label": TEXT,
        "description": TEXT,
        "constraints": CONSTRAINTS,
        "provider_meta": {"type": "object", "additionalProperties": True},
    },
)
FIELD_CATALOG = object_schema(
    {
        "id": ID,
        "workspace_id": ID,
        "connection_id": ID,
        "integration_type": KIND,
        "catalog_version": TEXT,
        "refreshed_at": TIME,
        "created_by": TEXT,
        "created_at": TIME,
        "updated_at": TIME,
        "fields": {"type": "array", "items": FIELD},
    }
)
ACTION = object_schema(
    {
        "key": TEXT,
        "label": TEXT,
        "noun": TEXT,
        "fields": {"type": "array", "items": TEXT},
        "data": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": CHOICE},
        },
    }
)
LIVE_ACTIONS = object_schema({"actions": {"type": "object", "additionalProperties": ACTION}})
HELD = {
    "tags": [{"id": "12", "name": "onboarding-step-2"}],
    "lists": [{"id": "3", "name": "Onboarding"}],
}
FIELDS_EXAMPLE = {
    "id": "9d0e1f2a-3b4c-5d5e-8f60-718293a4b5c6",
    "workspace_id": WORKSPACE_ID,
    "connection_id": CONNECTION_ID,
    "integration_type": "activecampaign",
    "catalog_version": "b1946ac92492d234",
    "refreshed_at": "2026-06-01T09:00:00.000Z",
    "created_by": "system",
    "created_at": "2026-05-02T10:00:00.000Z",
    "updated_at": "2026-06-01T09:00:00.000Z",
    "fields": [
        {
            "key": "email",
            "label": "Email",
            "type": "string",
            "constraints": {"format": "email", "required": True},
        },
        {"key": "firstName", "label": "First name", "type": "string"},
        {
            "key": "7",
            "label": "Plan",
            "type": "enum",
            "constraints": {"allowed_values": ["free", "pro"]},
            "provider_meta": {"field_id": "7", "perstag": "PLAN", "wire_type": "dropdown"},
        },
    ],
}
OFF = refusal(
    409,
    "The account would have to be asked, but the connection is inactive.",
    message="The connection AC onboarding is inactive. Switch it on or enter a working key.",
)
REFUSED = refusal(
    422,
    "The account refused, or could not be asked; the sentence says what to do.",
    message="ActiveCampaign does not accept this key. Copy it again.",
)


def _refresh(description: str) -> OpenApiParameter:
    return OpenApiParameter(
        "refresh", {"type": "boolean", "default": False}, description=description
    )


def _actions_example() -> dict[str, Any]:
    actions = {}
    for action in destination("activecampaign").actions:
        record = action_record(action)
        keys = [choice["key"] for choice in record.get("data", ())]
        actions[action.key] = {**record, "data": {key: HELD[key] for key in keys}}
    return {"actions": actions}


ACTIONS = described(
    "getConnectionActions",
    summary="List what a connection's actions can be pointed at",
    tag=TAG,
    parameters=[_refresh("True reads the account anew, for a tag or list that was just made.")],
    answers={
        200: answer(
            LIVE_ACTIONS,
            "Each action with the account's tags or lists, read within the last six hours.",
            ("ActiveCampaign", _actions_example()),
        )
    },
    errors={404: UNKNOWN, 409: OFF, 422: REFUSED},
)
FIELDS = described(
    "getConnectionFields",
    summary="List the contact fields that a mapping can fill",
    tag=TAG,
    parameters=[_refresh("True reads the account anew; otherwise the stored fields come.")],
    answers={
        200: answer(
            FIELD_CATALOG,
            "The standard fields, then the account's own, whose key is their id there.",
            ("ActiveCampaign", FIELDS_EXAMPLE),
        )
    },
    errors={404: UNKNOWN, 409: OFF, 422: REFUSED},
)
