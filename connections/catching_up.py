"""Makes sure that an account was read before somebody is told what it holds.

Every call takes a slot of the account's budget, as everywhere.
"""

from __future__ import annotations

from datetime import datetime

from connections.activation import is_verified
from connections.catalog import CatalogUnreadable, refresh_catalog
from connections.checking import check_connection
from connections.models import Connection


class ConnectionOff(Exception):
    """The account must be asked, but the connection is switched off."""


def caught_up(connection: Connection, *, again: bool, now: datetime) -> Connection:
    """The connection whose account was read, anew when that is asked or was never done.

    Raises: ConnectionOff, CatalogUnreadable with one sentence why.
    Why: a connection that was saved unchecked shows nothing of the account
    before its key was accepted.
    """
    known = is_verified(connection) and connection.account.catalog_refreshed_at is not None
    if known and not again:
        return connection
    if not connection.active:
        raise ConnectionOff(
            f"The connection {connection.name} is inactive. Switch it on or enter a working key."
        )
    if not is_verified(connection):
        check = check_connection(connection, now=now)
        if not check.ok:
            raise CatalogUnreadable(check.message)
    refresh_catalog(connection, now=now)
    connection.account.refresh_from_db()
    return connection
