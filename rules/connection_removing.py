"""Deletes a connection together with its rules: what a client forces and staff never do."""

from __future__ import annotations

from datetime import datetime

from connections.models import Connection
from connections.saving import delete_connection
from rules.saving import delete_rules_of
from rules.versions import changing


def delete_with_rules(connection: Connection, *, by: str, now: datetime) -> Connection:
    """The connection marked as deleted, and every rule of it, in one transaction.

    Raises: Connection.DoesNotExist when somebody else deleted it meanwhile.
    """
    with changing(connection.workspace_id):
        delete_rules_of(connection, by=by, now=now)
        return delete_connection(connection, by=by, now=now, force=True)
