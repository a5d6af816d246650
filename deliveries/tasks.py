"""What django-q2 runs: few, coarse tasks without business in their arguments; they never raise."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.utils import timezone
from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task

from connections.probing import probe_inactive
from connections.usage import note_slots
from deliveries import (
    alerts,
    beats,
    books,
    canary,
    erasing,
    event_hours,
    idempotency,
    recovery,
    retention,
    rollups,
    silence_alerts,
    tidying,
)
from deliveries.pump import run_pump
from meshes import sign_in_tries
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
    """Every minute: bring a missing pump back, clean up, tell people, probe, count calls."""
    if not beats.alive("pump"):
        enqueue("pump")
    now = timezone.now()
    _do_each(
        cancel_of_deleted_rules=recovery.cancel_of_deleted_rules,
        forget_dead=beats.forget_dead,
        canary=canary.go_round,
        release_returned=lambda: release_returned(now=now),
        alerts=lambda: alerts.look(now),
        probes=lambda: probe_inactive(now=now),
        usage=lambda: note_slots(now),
    )


def keep_history() -> None:
    """Every minute: erase who asked for it, remove what is old, count, check the books."""
    now = timezone.now()
    _do_each(
        erasures=lambda: erasing.go_on(now, until=_after(ERASE_S)),
        idempotency=lambda: idempotency.forget_old(now=now),
        retention=lambda: retention.remove_old(now, until=_after(REMOVE_S)),
        tidying=lambda: tidying.remove_by_the_way(now, until=_after(TIDY_S)),
        rollups=lambda: rollups.count_hours(
            now, until=_after(COUNT_S), kept_since=retention.kept_since(now)
        ),
        event_hours=lambda: event_hours.count_hours(
            now, until=_after(COUNT_S), kept_since=retention.kept_since(now)
        ),
        silences=lambda: silence_alerts.look(now),
        books=lambda: books.check_books(now),
        sign_in_tries=lambda: sign_in_tries.forget_old(now),
        sessions=SessionStore.clear_expired,
    )


def _do_each(**steps: Callable[[], object]) -> None:
    """Run every step; one that breaks is logged and keeps none of the others from its turn."""
    for name, step in steps.items():
        try:
            step()
        except Exception as error:
            log.error("housekeeping_broke", step=name, exc_info=error)
            close_old_connections()


def _after(seconds: float) -> float:
    return time.monotonic() + seconds
