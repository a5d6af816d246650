"""How the API's description declares the list of integrations.

Source: Meshes API wire contract, section 13.1.
"""

from __future__ import annotations

from typing import Any

from connections.integrations import integrations
from meshes.openapi import answer, described, envelope_of, object_schema

TEXT = {"type": "string"}
CREDENTIAL = object_schema(
    {"label": TEXT, "key": TEXT, "type": {"enum": ["text", "password", "select"]}},
    optional={"helpText": TEXT, "required": {"type": "boolean"}, "validate": {"enum": ["url"]}},
)
CHOICE = object_schema(
    {"key": TEXT, "field": TEXT, "kind": {"enum": ["simple"]}},
    optional={"noun": TEXT, "required": {"type": "boolean"}},
)
ACTION = object_schema(
    {"key": TEXT, "label": TEXT, "noun": TEXT},
    optional={
        "fields": {"type": "array", "items": TEXT},
        "data": {"type": "array", "items": CHOICE},
    },
)
INTEGRATION = object_schema(
    {
        "name": TEXT,
        "type": TEXT,
        "authentication": object_schema(
            {"type": {"enum": ["api_key", "basic", "none", "oauth"]}},
            optional={"fields": {"type": "array", "items": CREDENTIAL}},
        ),
        "actions": {"type": "object", "additionalProperties": ACTION},
    }
)


def _example() -> dict[str, Any]:
    records = integrations()
    return {"count": len(records), "limit": len(records), "next_cursor": None, "records": records}


LIST = described(
    "listIntegrations",
    summary="List the destinations and what they can do",
    tag="Integrations",
    answers={
        200: answer(
            envelope_of(INTEGRATION), "Every destination of this release.", ("All", _example())
        )
    },
)
