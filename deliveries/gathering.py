"""Requests that wait for the database at the same moment are written together.

Why: a commit waits for the disk, and SQLite lets one write at a time. What arrives in this
process meanwhile goes with the next commit, so that many requests cost little more than one.
Each is stored whole or not at all, whatever becomes of those beside it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from django.db import InterfaceError, OperationalError

Rows = Sequence[dict[str, Any]]
Write = Callable[[Rows, Rows], None]

MOST_ROWS = 500
"""So many rows are written together at most, so that nobody waits long for the others."""
PATIENCE_S = 1.0


def _closed() -> Lock:
    gate = Lock()
    gate.acquire()
    return gate


@dataclass(slots=True, eq=False)
class _Request:
    """Rows that wait to be written; its thread waits at the gate.

    Shape: a request whose gate opens is done, or leads from then on.
    """

    events: Rows
    deliveries: Rows
    gate: Lock = field(default_factory=_closed)
    leads: bool = False
    done: bool = False
    error: Exception | None = None

    @property
    def rows(self) -> int:
        return len(self.events) + len(self.deliveries)


class Gathering:
    """The requests of one process that want to be written.

    Shape: `transaction` opens what makes one write whole; `write` is called inside.
    Units: who waited for `patience_s` seconds without being taken along writes alone.
    """

    patience_s = PATIENCE_S

    def __init__(
        self, write: Write, *, transaction: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self._write, self._transaction = write, transaction
        self.start_anew()
        os.register_at_fork(after_in_child=self.start_anew)

    def start_anew(self) -> None:
        """Forget everybody, as a process must that was forked from a busy one."""
        self._guard = Lock()
        self._waiting: deque[_Request] = deque()
        self._is_led = False

    def store(self, events: Rows, deliveries: Rows) -> None:
        """Return when the rows are committed.

        Raises: what the database says of these rows; then none of them is stored.
        """
        mine = _Request(events, deliveries)
        with self._guard:
            self._waiting.append(mine)
            mine.leads, self._is_led = not self._is_led, True
        if not mine.leads and not mine.gate.acquire(timeout=self.patience_s):
            if self._leaves(mine):
                self._write_apart([mine])
            else:
                mine.gate.acquire()
        if not mine.done:
            self._lead()
        if mine.error is not None:
            raise mine.error

    def _leaves(self, mine: _Request) -> bool:
        """Whether this request goes its own way, as whoever leads is held up.

        Shape: False when it is being written by now, or has become the one to lead.
        """
        with self._guard:
            free = not mine.leads and mine in self._waiting
            if free:
                self._waiting.remove(mine)
        return free

    def _lead(self) -> None:
        """Write the first of those who wait, this thread's own among them."""
        batch: list[_Request] = []
        try:
            with self._transaction():
                batch = self._next()
                self._run(batch)
        except Exception as error:  # noqa: BLE001  raised by the threads that it belongs to
            if len(batch) > 1 and _was_refused(error):
                self._write_apart(batch)  # those of one were refused; the others are innocent
            else:
                batch = batch or self._next(most_rows=0)  # who waits may try to begin by itself
                _end(batch, error)
        else:
            _end(batch)
        finally:
            batch = batch or self._next(most_rows=0)
            _end(batch, InterfaceError("The write was cut off."))
            self._hand_on(batch)

    def _write_apart(self, batch: list[_Request]) -> None:
        for request in batch:
            try:
                with self._transaction():
                    self._run([request])
            except Exception as error:  # noqa: BLE001  as above
                _end([request], error)
            else:
                _end([request])

    def _run(self, batch: list[_Request]) -> None:
        events = [row for request in batch for row in request.events]
        deliveries = [row for request in batch for row in request.deliveries]
        self._write(events, deliveries)

    def _hand_on(self, batch: list[_Request]) -> None:
        """Let the threads of these go on, and the first that still waits lead."""
        with self._guard:
            following = self._waiting[0] if self._waiting else None
            self._is_led = following is not None
            if following is not None:
                following.leads = True
        for request in (*batch, following):
            if request is not None:
                request.gate.release()

    def _next(self, *, most_rows: int | None = None) -> list[_Request]:
        """The first of those who wait, and those behind it as far as so many rows allow."""
        most_rows = MOST_ROWS if most_rows is None else most_rows
        batch: list[_Request] = []
        rows = 0
        with self._guard:
            while self._waiting and (not batch or rows + self._waiting[0].rows <= most_rows):
                batch.append(self._waiting.popleft())
                rows += batch[-1].rows
        return batch


def _was_refused(error: Exception) -> bool:
    """Whether the database is there and said no, so that nothing was stored for certain.

    Shape: PostgreSQL gives its errors a code; those of class 08 and 57P are about
    the connection. Other operational errors leave open what was stored.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return True
    code = getattr(error.__cause__, "sqlstate", None) or ""
    return bool(code) and not code.startswith(("08", "57P"))


def _end(batch: list[_Request], error: Exception | None = None) -> None:
    """Say what became of those of whom nothing is known yet; each gets an error of its own."""
    for request in batch:
        if not request.done:
            request.error, request.done = _like(error), True


def _like(error: Exception | None) -> Exception | None:
    """The same error to be raised by another thread, with the place where it came from."""
    if error is None:
        return None
    twin = copy(error).with_traceback(error.__traceback__)
    twin.__cause__ = error.__cause__
    return twin
