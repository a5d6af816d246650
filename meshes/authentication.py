"""Who sends: a publishable key in its header leads to exactly one workspace.

Source: Meshes API wire contract, section 2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from meshes import key_limits
from meshes.api_errors import Unauthorized
from meshes.statements import prepared_cursor

HEADER = "X-Meshes-Publishable-Key"
CREATED_BY_LENGTH = 200

_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_LOOKUP = """
SELECT k.id, k.name, w.id, w.organization_id, w.rules_version,
    k.events_per_second, k.events_burst, k.allowed_origins, k.allowed_events
FROM meshes_publishablekey k
JOIN meshes_workspace w ON w.id = k.workspace_id
JOIN meshes_organization o ON o.id = w.organization_id
WHERE k.key = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %s)
AND k.deleted_at IS NULL AND w.deleted_at IS NULL AND o.deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whoever sent a usable publishable key.

    Shape: `rules_version` is the workspace's at the moment of the lookup; the
    rest are the key's own limits, None and '' where it has none.
    """

    workspace_id: UUID
    organization_id: UUID
    key_id: UUID
    key_name: str
    rules_version: int
    events_per_second: float | None = None
    events_burst: int | None = None
    allowed_origins: str = ""
    allowed_events: str = ""

    @property
    def created_by(self) -> str:
        """How rows name this sender."""
        return f"publishable key: {self.key_name}"[:CREATED_BY_LENGTH]


class PublishableKeyAuthentication(BaseAuthentication):
    """Makes `request.auth` the KeyHolder, or refuses the request."""

    def authenticate(self, request: Request) -> tuple[None, KeyHolder]:
        """No user, and the holder of the key.

        Raises: Unauthorized; Forbidden, when the key is for pages of other origins.
        """
        key = request.headers.get(HEADER, "")
        if not key:
            raise Unauthorized(f"Send your workspace's publishable key in the header {HEADER}.")
        holder = key_holder(key, now=timezone.now())
        if holder is None:
            raise Unauthorized("The publishable key is unknown, revoked or expired.")
        if holder.allowed_origins:
            key_limits.require_origin(request.headers.get("Origin", ""), holder.allowed_origins)
        return None, holder


def key_holder(key: str, *, now: datetime) -> KeyHolder | None:
    """Whoever holds the key, None when it opens nothing now.

    Why: one statement asks for key, workspace and rules version, and nothing
    is kept, so that a revoked key and an edited rule act at once.
    """
    if not _KEY.fullmatch(key):
        return None
    with prepared_cursor() as cursor:
        cursor.execute(_LOOKUP, [key, connection.ops.adapt_datetimefield_value(now)])
        row = cursor.fetchone()
    return _holder(row) if row else None


def _holder(row: tuple[Any, ...]) -> KeyHolder:
    key_id, name, workspace_id, organization_id, rules_version, *limits = row
    return KeyHolder(
        workspace_id=_uuid(workspace_id),
        organization_id=_uuid(organization_id),
        key_id=_uuid(key_id),
        key_name=name,
        rules_version=rules_version,
        events_per_second=limits[0],
        events_burst=limits[1],
        allowed_origins=limits[2],
        allowed_events=limits[3],
    )


def _uuid(value: UUID | str) -> UUID:
    # SQLite keeps ids as 32 hexadecimal digits.
    return value if isinstance(value, UUID) else UUID(value)
