"""A queue of the threads of this process that want to write to one SQLite file.

Why: SQLite has none. Who finds it busy sleeps and tries again, for up to 100 ms, so that
among dozens of threads a write of a third of a millisecond waits for a tenth of a second.
"""

from __future__ import annotations

import os
import threading
from collections import deque


class Turn:
    """One thread's place in the queue, and then its right to write."""

    __slots__ = ("came", "thread")

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.came = threading.Lock()


class WriteLock:
    """Gives turns in the order in which they were asked for.

    Why: SQLite's own lock, which other processes know too, keeps writers apart.
    This one only saves waiting, so a turn that is never given back is taken
    over: it delays the first in the queue once and stops nobody.
    """

    def __init__(self) -> None:
        self._start_anew()

    def _start_anew(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[Turn] = deque()
        self._held: Turn | None = None

    def acquire(self, *, within_s: float) -> Turn:
        """This thread's turn, when it comes or when the wait has lasted so long.

        Shape: at once for a thread that holds the turn already through another
        connection; SQLite then says what it thinks of that.
        """
        turn = Turn()
        with self._guard:
            if self._held is None or self._held.thread == turn.thread:
                self._held = turn
                return turn
            turn.came.acquire()
            self._waiting.append(turn)
        try:
            if not turn.came.acquire(timeout=within_s):
                self._take_over(turn)
        except BaseException:
            self.release(turn)
            raise
        return turn

    def release(self, turn: Turn) -> None:
        """Let the next one have the turn; nothing happens when it was taken over."""
        with self._guard:
            if self._held is turn:
                self._held = self._waiting.popleft() if self._waiting else None
                if self._held is not None:
                    self._held.came.release()
            elif turn in self._waiting:
                self._waiting.remove(turn)

    @property
    def waiting(self) -> int:
        """How many threads stand in the queue."""
        return len(self._waiting)

    def _take_over(self, turn: Turn) -> None:
        with self._guard:
            if self._held is not turn:
                self._waiting.remove(turn)
                self._held = turn


_locks: dict[str, WriteLock] = {}


def lock_of(database: str) -> WriteLock:
    """The one lock of this process for that file."""
    return _locks.setdefault(database, WriteLock())


def _forget_threads() -> None:
    for lock in _locks.values():
        lock._start_anew()


os.register_at_fork(after_in_child=_forget_threads)
