"""What django-q2 runs: few, coarse tasks without business in their arguments; they never raise."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task

from connections.probing import probe_inactive
from deliveries import (
    alerts,
    beats,
    books,
    erasing,
    idempotency,
    recovery,
    retention,
    rollups,
    tidying,
)
from deliveries.pump import run_pump
from rules.repairing import release_returned

HOPS = 3
PASS_ON_AFTER_S = (0.05, 0.15)

# Together, and with a recount, well below django-q2's timeout of 90 s.
ERASE_S, COUNT_S, REMOVE_S, TIDY_S = 15.0, 5.0, 15.0, 5.0

log = structlog.get_logger(__name__)


@lru_cache(maxsize=1)
def _broker() -> Broker:
    # A new one each time would be a new connection each time on Redis.
    return get_broker()


def enqueue(name: str, *arguments: int) -> None:
    """Put one of this module's tasks into the queue, never to be repeated by django-q2."""
    options: dict[str, Any] = {"ack_failure": True, "broker": _broker(), "task_name": name}
    async_task(f"deliveries.tasks.{name}", *arguments, **options)


def pump(hops: int = HOPS) -> None:
    """One run of the pump; the next one is in the queue before this one ends.

    Why: workers share one queue, and on Redis the same one can win each
    message; so a worker that has its pump passes on what another one needs.
    """
    taken = run_pump(hand_over=lambda: enqueue("pump"))
    if not taken and hops > 0 and beats.someone_lacks_a_pump():
        time.sleep(random.uniform(*PASS_ON_AFTER_S))  # noqa: S311
        enqueue("pump", hops - 1)


def keep_house() -> None:
    """Every minute: probe, tell people, clean up, and bring the pump back if it is missing."""
    if not beats.alive("pump"):
        enqueue("pump")
    recovery.cancel_of_deleted_rules()
    beats.forget_dead()
    release_returned(now=timezone.now())
    alerts.look(timezone.now())
    probe_inactive(now=timezone.now())


def keep_history() -> None:
    """Every minute: erase who asked for it, remove what is old, count, check the books.

    Why: each step has a time of its own, and one that fails keeps none of the
    others from its turn; the one that reads most comes last.
    """
    now = timezone.now()
    steps: tuple[Callable[[], object], ...] = (
        lambda: erasing.go_on(now, until=_after(ERASE_S)),
        lambda: idempotency.forget_old(now=now),
        lambda: retention.remove_old(now, until=_after(REMOVE_S)),
        lambda: tidying.remove_by_the_way(now, until=_after(TIDY_S)),
        lambda: rollups.count_hours(
            now, until=_after(COUNT_S), kept_since=retention.kept_since(now)
        ),
        lambda: books.check_books(now),
    )
    for place, step in enumerate(steps):
        try:
            step()
        except DatabaseError as error:
            log.error("history_step_failed", step=place, error=type(error).__name__)
            close_old_connections()


def _after(seconds: float) -> float:
    return time.monotonic() + seconds
