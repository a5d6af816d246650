"""A bounded pool of sender threads that keep their database connections while they live."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Container

import structlog
from django.db import connections

log = structlog.get_logger(__name__)

Work = Callable[[int], object]

STUCK_AFTER_S = 1.0


class Crew:
    """Threads that run one account's work each; counts how many are on which account.

    Shape: `size` threads work at once; for each that is stuck in a call there
    may be one more, up to `most` in all, so that accounts that hang take no
    hands away from the others.
    """

    def __init__(self, size: int, *, most: int | None = None) -> None:
        self.size = size
        self.most = most or size
        self._jobs: queue.SimpleQueue[tuple[int, Work] | None] = queue.SimpleQueue()
        self._busy: Counter[int] = Counter()
        self._went_on: dict[int, float] = {}
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    def busy(self, account_id: int) -> int:
        """How many threads work for this account now."""
        with self._changed:
            return self._busy[account_id]

    def busy_with(self, account_ids: Container[int]) -> int:
        """How many threads work for any of these accounts now."""
        with self._changed:
            return sum(hands for account, hands in self._busy.items() if account in account_ids)

    def free(self, *, to_the_last: bool = False) -> int:
        """How many more jobs can start at once; `to_the_last` counts up to `most`."""
        stuck_since = time.monotonic() - STUCK_AFTER_S
        with self._changed:
            stuck = sum(moment < stuck_since for moment in self._went_on.values())
            limit = self.most if to_the_last else min(self.size + stuck, self.most)
            return limit - self._busy.total()

    def went_on(self) -> None:
        """This thread's work has made a step; it is not stuck."""
        with self._changed:
            self._went_on[threading.get_ident()] = time.monotonic()

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
        self.went_on()
        try:
            work(account_id)
        except Exception as error:
            log.error("sender_broke", account_id=account_id, exc_info=error)
            connections.close_all()
        finally:
            with self._changed:
                self._busy[account_id] -= 1
                self._went_on.pop(threading.get_ident(), None)
                self._busy += Counter()  # drops accounts that nobody works for
                self._changed.notify_all()

    def idle(self, within_s: float) -> bool:
        """Whether nothing is in hand any more by then."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy.total(), timeout=within_s)

    def finish(self, within_s: float) -> bool:
        """Whether all threads ended in time, after what they had in hand."""
        done = self.idle(within_s)
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout=5 if done else 0)
        return done
