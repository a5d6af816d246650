"""A kept connection proves its health without a statement; the rest is Django's own backend.

Django finds the class by the name of this module.
"""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that is asked for its health only when its socket has something to say."""

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
