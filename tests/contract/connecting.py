"""The wire's connection, judged strictly, and bodies that lead to the sandbox."""

from __future__ import annotations

from typing import Any

from tests.conftest import SANDBOX_KEY
from tests.contract.shapes import FLAG, ID, INTEGRATION, JSON, TIME, WORD, strict

MASK = "••••••••"
TARGETS: JSON = {"type": "array", "items": strict({"id": WORD, "name": WORD})}
METADATA = strict({"api_url": WORD, "api_key": {"const": MASK}})
REASONS = (
    "authentication_invalid oauth_authorization_revoked oauth_reauthorization_required "
    "manually_inactivated"
)
LISTED = strict(
    {
        "id": ID,
        "workspace": ID,
        "type": INTEGRATION,
        "name": {**WORD, "pattern": "^[a-zA-Z0-9 _-]{1,128}$"},
        "metadata": METADATA,
        "active": FLAG,
        "hidden": FLAG,
        "created_by": WORD,
        "created_at": TIME,
        "updated_at": TIME,
    },
    optional={"inactive_reason": {"enum": REASONS.split()}},
)
ALONE: JSON = {
    **LISTED,
    "properties": {
        **LISTED["properties"],
        "action_data": strict({"tags": TARGETS, "lists": TARGETS}),
    },
}
CREATED = strict({"connection": ALONE})


def connection_body(sandbox: Any, workspace: Any = None, **over: Any) -> dict[str, Any]:
    """A body to create a connection to the sandbox; without a workspace, to update one.

    Shape: `metadata` changes single keys; one that is None is left out.
    """
    metadata = {"api_url": sandbox.url, "api_key": SANDBOX_KEY, **over.pop("metadata", {})}
    metadata = {key: value for key, value in metadata.items() if value is not None}
    body = {"name": "AC onboarding", "metadata": metadata, **over}
    if workspace is None:
        return body
    return {"workspace": str(workspace.pk), "type": "activecampaign", **body}
