"""Switches connections on and off: by hand, and on again when their key works.

Every switch counts up the workspace's rules version in its own transaction.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from connections.models import Connection, InactiveReason
from connections.refusals import NeedsWorkingKey
from meshes.workspaces import bump_rules_version

BY_HAND = InactiveReason.MANUALLY_INACTIVATED.value


def credentials_mark(connection: Connection) -> str:
    """What identifies the credentials that a check was made with."""
    return f"{connection.account_id}:{connection.secret_fingerprint}"


def is_verified(connection: Connection) -> bool:
    """Whether these very credentials were accepted when they were last judged."""
    return bool(connection.last_check.get("verified") == credentials_mark(connection))


def is_by_hand(connection: Connection) -> bool:
    """Whether a connection that is off was switched off by a person, not for its credentials."""
    return connection.inactive_reason in ("", BY_HAND)


def set_active(connection: Connection, active: bool, *, by: str, now: datetime) -> Connection:
    """The connection switched on or off by a person.

    Raises: NeedsWorkingKey when it is off because its key is refused.
    """
    with transaction.atomic():
        row: Connection = (
            Connection.objects.live().select_for_update(no_key=True).get(pk=connection.pk)
        )
        if active and not is_by_hand(row):
            raise NeedsWorkingKey(
                {"": "The key is not accepted; enter a working one, or test the connection again."}
            )
        if row.active != active:
            row.updated_at = now
            _switch(row, reason="" if active else BY_HAND, by=by)
    return row


def revive(connection: Connection, *, by: str) -> bool:
    """Whether a connection that was off for its credentials is on again."""
    waiting = Connection.objects.live().filter(pk=connection.pk, active=False)
    if not waiting.exclude(inactive_reason=BY_HAND).exists():
        return False
    with transaction.atomic():
        row = waiting.exclude(inactive_reason=BY_HAND).select_for_update(no_key=True).first()
        if row is None:
            return False
        _switch(row, reason="", by=by)
    connection.active, connection.inactive_reason = True, ""
    return True


def _switch(row: Connection, *, reason: str, by: str) -> None:
    row.active, row.inactive_reason = not reason, reason
    save_as(row, by=by)
    bump_rules_version(row.workspace_id)


def save_as(row: Connection, *, by: str) -> None:
    """Store the row and write into its history who did it."""
    row._change_reason = by[:100]  # type: ignore[attr-defined]
    row.save()
