"""The one clock that slots and leases go by: the database's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone


def database_now() -> datetime:
    """The present moment by the database server's clock, in UTC.

    Why: workers on several machines agree on it. SQLite lives on one machine,
    whose clock is therefore the database's.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def by_database_clock(statement: str) -> str:
    """The statement with its parameter `now` replaced by the clock, where the server has one.

    Why: it saves the round trip of asking for the time. The replacement is
    the same throughout a statement, so that an index can be searched by it.
    """
    if connection.vendor != "postgresql":
        return statement
    return statement.replace("%(now)s", "statement_timestamp()")


def now_parameter() -> dict[str, Any]:
    """The parameter `now` of such a statement, where the server has no clock of its own."""
    if connection.vendor == "postgresql":
        return {}
    return {"now": connection.ops.adapt_datetimefield_value(timezone.now())}
