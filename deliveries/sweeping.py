"""What every pump looks after once a second, on a thread of its own, beside sending."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from deliveries import holding, job_feeding, recovery, tallies

EVERY_S = 1.0


def feed_jobs() -> None:
    """Set the next deliveries of replays and backfills going."""
    job_feeding.feed(timezone.now())


SWEEPS: tuple[Callable[[], object], ...] = (
    recovery.pick_up_abandoned,
    recovery.release_held,
    holding.release_repaired,
    feed_jobs,
    tallies.sweep,
)

log = structlog.get_logger(__name__)


class Sweeper:
    """A thread that runs every sweep in turn until it is stopped."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin now."""
        self._thread.start()

    def stop(self, *, within_s: float) -> None:
        """Let the present sweep end, and no other one begin."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=within_s)

    def _run(self) -> None:
        try:
            while not self._over.wait(EVERY_S):
                for sweep in SWEEPS:
                    self._one(sweep)
        finally:
            connections.close_all()

    def _one(self, sweep: Callable[[], object]) -> None:
        if self._over.is_set():
            return
        try:
            sweep()
        except DatabaseError as error:
            log.warning("database_unavailable", error=type(error).__name__)
            close_old_connections()
        except Exception as error:
            log.error("sweep_broke", sweep=sweep.__name__, exc_info=error)
            connections.close_all()
