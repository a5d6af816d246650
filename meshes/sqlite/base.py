"""Writers of one process take turns; what they do is left to Django's own backend.

Django finds the class by the name of this module. Reads never wait. Whoever has the turn looks
every millisecond whether another process has ended its write, and a wait that lasts too long
ends with SQLite's usual error.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from django.db.backends.sqlite3 import base

from meshes.sqlite.write_lock import Turn, lock_of

PATIENCE_S = 5.0
LOOK_EVERY_S = 0.001
PRIMARY_CODE = 0xFF
READS = re.compile(
    r"\s*(SELECT|PRAGMA|EXPLAIN|VALUES|COMMIT|END|ROLLBACK|"
    r"WITH\b(?!.*\b(INSERT\s+INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM)\b))",
    re.IGNORECASE | re.DOTALL,
)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds the turn from its BEGIN to its COMMIT, and for a single write."""

    patience_s = PATIENCE_S
    _turn: Turn | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection of Django's own kind."""
        self._lock = lock_of(str(conn_params["database"]))
        return super().get_new_connection(conn_params)

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor that waits for the turn before it writes."""
        return self.connection.cursor(factory=partial(Cursor, wrapper=self))

    def prepared_cursor(self) -> Any:
        """The usual cursor: the driver keeps the last hundred statements ready by itself."""
        return self.cursor()

    @property
    def has_turn(self) -> bool:
        """Whether this connection may write, as far as this process is concerned."""
        return self._turn is not None

    def take_turn(self) -> None:
        """Wait for the right to write."""
        self.end_turn()
        self._turn = self._lock.acquire(within_s=self.patience_s)

    def end_turn(self) -> None:
        """Let the next one write."""
        turn, self._turn = self._turn, None
        if turn is not None:
            self._lock.release(turn)

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            self._end_turn_outside()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn_outside()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self.end_turn()

    def _end_turn_outside(self) -> None:
        """End it unless the transaction is open still, as after a COMMIT that failed."""
        if self.connection is None or not self.connection.in_transaction:
            self.end_turn()


class Cursor(base.SQLiteCursorWrapper):
    """Takes the turn for what writes outside a transaction, a BEGIN included.

    Why: SQLite ends such a statement, and lets others write, only when its last
    row was fetched. So the rows of RETURNING are fetched at once.
    """

    _rows: Iterator[Any] | None = None

    def __init__(self, connection: Any, *, wrapper: DatabaseWrapper) -> None:
        super().__init__(connection)
        self._wrapper = wrapper

    def execute(self, query: str, params: Any = None) -> Any:
        """The cursor, after this statement."""
        self._rows = None
        if self.connection.in_transaction or READS.match(query):
            return super().execute(query, params)
        return self._in_turn(self._run_when_free, query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        """The cursor, after this statement with each of the parameters."""
        self._rows = None
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        return self._in_turn(super().executemany, query, param_list)

    def _run_when_free(self, query: str, params: Any) -> None:
        """Run it as soon as no other process writes.

        Why: SQLite's own wait looks again after up to 100 ms, in which others
        write dozens of times.
        """
        wait_s = float(self._wrapper.settings_dict["OPTIONS"].get("timeout", PATIENCE_S))
        until = time.monotonic() + wait_s
        self._busy_timeout(0)
        try:
            while True:
                try:
                    super().execute(query, params)
                    return
                except sqlite3.OperationalError as error:
                    if not _is_busy(error) or time.monotonic() > until:
                        raise
                time.sleep(LOOK_EVERY_S)
        finally:
            self._busy_timeout(int(wait_s * 1000))

    def _busy_timeout(self, milliseconds: int) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")

    def _in_turn(self, run: Callable[[str, Any], Any], query: str, params: Any) -> Any:
        self._wrapper.take_turn()
        try:
            run(query, params)
            if self.description is not None:
                self._rows = iter(super().fetchall())
        finally:
            if not self.connection.in_transaction:
                self._wrapper.end_turn()
        return self

    def fetchone(self) -> Any:
        """The next row, or None."""
        return super().fetchone() if self._rows is None else next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> Any:
        """The next rows, so many at most."""
        size = self.arraysize if size is None else size
        if self._rows is None:
            return super().fetchmany(size)
        return list(islice(self._rows, size))

    def fetchall(self) -> Any:
        """All rows that are left."""
        return super().fetchall() if self._rows is None else list(self._rows)

    def __next__(self) -> Any:
        """The next row."""
        return super().__next__() if self._rows is None else next(self._rows)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether it may work later: not when this connection still reads an older state."""
    code = error.sqlite_errorcode
    return code & PRIMARY_CODE == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT
