"""Two databases in one process, so that the same request goes to both in turn.

Nothing of the application knows: the connection that it asks through is exchanged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import environ
from django.db import connections
from django.db.backends.utils import CursorWrapper

from tests.bench.homes import copied


@dataclass(slots=True)
class Clock:
    """How long the database was asked, and how often. Units: seconds."""

    spent_s: float = 0.0
    statements: int = 0


class TimedCursor(CursorWrapper):
    """A cursor that counts the time of statements and of reading their rows.

    Why: SQLite looks for a row only when it is fetched.
    """

    def __init__(self, cursor: Any, db: Any, clock: Clock) -> None:
        super().__init__(cursor, db)
        self.clock = clock

    def execute(self, sql: Any, params: Any = None) -> Any:
        """The statement's own answer."""
        self.clock.statements += 1
        return self._timed(super().execute, sql, params)

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._timed(self.cursor.fetchone)

    def fetchmany(self, *args: Any, **more: Any) -> Any:
        """The next rows."""
        return self._timed(self.cursor.fetchmany, *args, **more)

    def fetchall(self) -> Any:
        """All rows that are left."""
        return self._timed(self.cursor.fetchall)

    def __iter__(self) -> Iterator[Any]:
        """All rows that are left, one by one."""
        return iter(self.fetchall())

    def _timed(self, act: Any, *args: Any, **more: Any) -> Any:
        began = time.perf_counter()
        try:
            return act(*args, **more)
        finally:
            self.clock.spent_s += time.perf_counter() - began


@dataclass
class Side:
    """A database of its own behind the name that the application uses."""

    wrapper: Any
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.wrapper.make_cursor = lambda cursor: TimedCursor(cursor, self.wrapper, self.clock)

    @contextmanager
    def here(self) -> Iterator[Clock]:
        """A clock for what is asked meanwhile, which goes to this database."""
        before, connections["default"] = connections["default"], self.wrapper
        self.clock.spent_s, self.clock.statements = 0.0, 0
        try:
            yield self.clock
        finally:
            connections["default"] = before


@contextmanager
def two_sides() -> Iterator[tuple[Side, Side]]:
    """The database of the settings and an equal one, while it is still empty."""
    first = connections["default"]
    first.close()
    with copied(os.environ["DATABASE_URL"]) as address:
        name = environ.Env.db_url_config(address)["NAME"]
        second = type(first)({**first.settings_dict, "NAME": name}, alias="default")
        try:
            yield Side(first), Side(second)
        finally:
            second.close()
