"""A kept connection proves its health without a statement, and keeps the plans of statements
that come again and again; the rest is Django's own backend.

Django finds the class by the name of this module.
"""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base, operations


class PreparedCursor(base.ServerBindingCursor):
    """Lets the server plan a statement once a connection.

    Why: planning takes it longer than running a statement that writes a few rows.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """The cursor, after this statement; parameters travel beside it."""
        return super().execute(query, params, prepare=True, **options)  # type: ignore[misc]


class DatabaseOperations(operations.DatabaseOperations):
    """Django's own, which also names the last statement of a prepared cursor."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """The statement; without its values where they travelled beside it."""
        if isinstance(cursor, PreparedCursor):
            return sql
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that is asked for its health only when its socket has something to say."""

    ops_class = DatabaseOperations

    def prepared_cursor(self) -> Any:
        """A cursor for statements of a fixed text.

        Shape: where the setting forbids prepared statements it is the usual one.
        """
        if self.settings_dict["OPTIONS"].get("prepare_threshold") is None:
            return self.cursor()
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(PreparedCursor(self.connection))  # type: ignore[attr-defined,call-arg]

    def is_usable(self) -> bool:
        """Whether the server can still be talked to.

        Why: Django asks once a request, by `SELECT 1`. A server that stopped, or
        closed the connection, has told the socket; a quiet socket is a healthy one.
        """
        return quiet(self.connection) or bool(super().is_usable())


def quiet(connection: Any) -> bool:
    """Whether the connection is open and nothing waits to be read from it."""
    if connection is None or connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
