"""The wire's mapping, judged strictly, and an independent schema of what clients may send.

Source: Meshes API wire contract, section 11.
"""

from __future__ import annotations

from typing import Any

from tests.contract.shapes import ID, INTEGRATION, JSON, TIME, WORD, strict


def text(longest: int) -> JSON:
    """A text of 1 to so many characters."""
    return {"type": "string", "minLength": 1, "maxLength": longest}


def scalar(longest: int) -> JSON:
    """A text, a number, a boolean or null."""
    return {"anyOf": [text(longest), {"type": ["number", "boolean", "null"]}]}


def of_type(kind: str, required: JSON | None = None, *, optional: JSON | None = None) -> JSON:
    """An object of this type with these fields and no others."""
    return strict({"type": {"const": kind}, **(required or {})}, optional=optional)


PATH = {**text(128), "pattern": r"^[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z0-9_]+)*$"}
PLAIN = "to_string to_number to_boolean trim lower upper".split()
ZONED = {"timezone": text(64)}
TRANSFORM = {
    "oneOf": [
        *(of_type(kind) for kind in PLAIN),
        of_type("to_date", optional=ZONED),
        of_type("to_datetime", optional=ZONED),
        of_type("default", {"value": scalar(128)}),
        of_type(
            "substring",
            {"start": {"type": "integer", "minimum": 0}},
            optional={"length": {"type": "integer", "minimum": 1}},
        ),
    ]
}
FIELD = strict(
    {
        "dest": text(128),
        "source": {
            "oneOf": [of_type("literal", {"value": scalar(256)}), of_type("path", {"value": PATH})]
        },
    },
    optional={
        "transforms": {"type": "array", "maxItems": 10, "items": TRANSFORM},
        "on_error": {"enum": ["skip_field", "warn_action", "fail_action"]},
        "notes": text(1024),
    },
)
SCHEMA = strict(
    {"schema_version": {"const": 1}, "fields": {"type": "array", "maxItems": 250, "items": FIELD}},
    optional={"meta": strict({}, optional={"name": text(64), "notes": text(1024)})},
)
MAPPING = strict(
    {
        "status": {"enum": ["stored", "generated"]},
        "mapping": strict(
            {
                "id": ID,
                "mapping_id": ID,
                "version": {"type": "integer", "minimum": 1},
                "workspace_id": ID,
                "connection_id": ID,
                "integration_type": INTEGRATION,
                "name": WORD,
                "schema": SCHEMA,
                "created_at": TIME,
                "updated_at": TIME,
            },
            optional={"catalog_version": WORD, "created_by": WORD},
        ),
    }
)
EMAIL: dict[str, Any] = {
    "dest": "email",
    "source": {"type": "path", "value": "email"},
    "transforms": [{"type": "trim"}, {"type": "lower"}],
    "on_error": "fail_action",
}


def mapping_of(*fields: Any, **over: Any) -> dict[str, Any]:
    """A schema with these fields."""
    return {"schema_version": 1, "fields": list(fields), **over}
