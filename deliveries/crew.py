"""A bounded pool of sender threads that keep their database connections while they live."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable

import structlog
from django.db import connections

log = structlog.get_logger(__name__)

Work = Callable[[int], None]


class Crew:
    """Threads that run one account's work each; counts how many are on which account."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._jobs: queue.SimpleQueue[tuple[int, Work] | None] = queue.SimpleQueue()
        self._busy: Counter[int] = Counter()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    def busy(self, account_id: int) -> int:
        """How many threads work for this account now."""
        with self._changed:
            return self._busy[account_id]

    def free(self) -> int:
        """How many more jobs can start at once."""
        with self._changed:
            return self.size - self._busy.total()

    def start(self, account_id: int, work: Work) -> None:
        """Run `work(account_id)` on a thread of its own."""
        with self._changed:
            self._busy[account_id] += 1
            if self._busy.total() > len(self._threads):
                self._add_thread()
        self._jobs.put((account_id, work))

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                self._do(*job)
        finally:
            connections.close_all()

    def _do(self, account_id: int, work: Work) -> None:
        try:
            work(account_id)
        except Exception as error:
            log.error("sender_broke", account_id=account_id, exc_info=error)
            connections.close_all()
        finally:
            with self._changed:
                self._busy[account_id] -= 1
                self._busy += Counter()  # drops accounts that nobody works for
                self._changed.notify_all()

    def finish(self, within_s: float) -> bool:
        """Whether all threads ended in time, after what they had in hand."""
        with self._changed:
            done = self._changed.wait_for(lambda: not self._busy.total(), timeout=within_s)
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout=5 if done else 0)
        return done
