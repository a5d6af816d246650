"""What the API says of a connection; a secret never leaves, a mask stands in its place.

Source: Meshes API wire contract, section 10.1.
"""

from __future__ import annotations

from typing import Any

from connections import destinations
from connections.account_records import action_data
from connections.activation import BY_HAND
from connections.destinations.base import CredentialField
from connections.drafts import SECRET_MASK
from connections.models import Connection
from meshes.wire import wire_time, without_unset


def connection_record(connection: Connection, *, known: bool = False) -> dict[str, Any]:
    """The connection on the wire.

    Shape: `known` adds `action_data`, the tags and lists last read.
    Why: lists go without it, since an account may hold thousands of tags.
    """
    return without_unset(
        {
            "id": str(connection.pk),
            "workspace": str(connection.workspace_id),
            "type": connection.kind,
            "name": connection.name,
            "metadata": shown_metadata(connection),
            "action_data": action_data(connection) if known else None,
            "active": connection.active,
            "inactive_reason": _why_inactive(connection),
            "hidden": connection.hidden,
            "created_by": connection.created_by,
            "created_at": wire_time(connection.created_at),
            "updated_at": wire_time(connection.updated_at),
        }
    )


def shown_metadata(connection: Connection) -> dict[str, str]:
    """The declared fields; the mask for a secret that is stored."""
    shown = {}
    for item in _declared(connection.kind):
        if not item.secret:
            shown[item.key] = str(connection.metadata.get(item.key, ""))
        elif connection.secrets:
            shown[item.key] = SECRET_MASK
    return shown


def _declared(kind: str) -> tuple[CredentialField, ...]:
    # One that this release no longer has stays listed, so that it can be deleted.
    try:
        return destinations.destination(kind).fields
    except LookupError:
        return ()


def _why_inactive(connection: Connection) -> str | None:
    return None if connection.active else connection.inactive_reason or BY_HAND
