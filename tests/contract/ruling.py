"""The wire's rule, judged strictly, and bodies that create one."""

from __future__ import annotations

from typing import Any

from tests.contract.shapes import FLAG, ID, INTEGRATION, JSON, TIME, WORD, strict

METADATA: JSON = {
    "type": "object",
    "required": ["action"],
    "properties": {"action": WORD},
    "additionalProperties": {"type": "string"},
}
RULE = strict(
    {
        "id": ID,
        "workspace": ID,
        "connection": ID,
        "type": INTEGRATION,
        "event": WORD,
        "metadata": METADATA,
        "active": FLAG,
        "hidden": FLAG,
        "created_by": WORD,
        "created_at": TIME,
        "updated_at": TIME,
    },
    optional={"resource": WORD, "resource_id": WORD},
)
CREATED = strict({"rule": RULE})


def rule_body(connection: Any, /, **over: Any) -> dict[str, Any]:
    """On page.completed add tag 12."""
    return {
        "workspace": str(connection.workspace_id),
        "connection": str(connection.pk),
        "event": "page.completed",
        "metadata": {"action": "add_tag", "id": "12"},
        **over,
    }
