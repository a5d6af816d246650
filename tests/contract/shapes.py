"""Words of the hand-written JSON Schemas: strict about types, required and forbidden keys.

Source: Meshes API wire contract, sections 1 to 4. The clients' own checks are the patterns:
the Go client decodes ids and times strictly, the JS client its key formats.
"""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped]

JSON = dict[str, Any]
ID: JSON = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
TIME: JSON = {
    "type": "string",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
}
TEXT: JSON = {"type": "string"}
WORD: JSON = {"type": "string", "minLength": 1}
COUNT: JSON = {"type": "integer", "minimum": 0}
FLAG: JSON = {"type": "boolean"}
TEXT_OR_NULL: JSON = {"type": ["string", "null"]}
INTEGRATION: JSON = {
    "enum": "activecampaign aweber customer_io discord hubspot intercom mailchimp mailerlite "
    "pipedrive resend sendgrid salesforce slack webhook zoom".split()
}
STATUS: JSON = {"enum": "pending processing retrying completed failed canceled".split()}


def strict(required: JSON, *, optional: JSON | None = None) -> JSON:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def envelope(record: JSON) -> JSON:
    """The envelope of a list of these records."""
    return strict(
        {
            "count": COUNT,
            "limit": {"type": "integer", "minimum": 1},
            "next_cursor": {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]+$"},
            "records": {"type": "array", "items": record},
        }
    )


ERROR = strict(
    {
        "message": WORD,
        "error": strict(
            {"name": WORD, "message": WORD},
            optional={
                "data": {
                    "type": "array",
                    "minItems": 1,
                    "items": strict({"param": WORD, "msg": WORD}),
                }
            },
        ),
    }
)


def fits(value: Any, schema: JSON) -> Any:
    """The value, after making sure that it fits."""
    jsonschema.validate(value, schema)
    return value


def refusal(answer: Any, status: int, name: str) -> dict[str, Any]:
    """The inner error of an answer that refuses, in the contract's shape."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert "json" in answer.headers["Content-Type"]
    error: dict[str, Any] = fits(answer.json(), ERROR)["error"]
    assert error["name"] == name
    return error
