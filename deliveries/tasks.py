"""What django-q2 runs: few, coarse tasks that take no arguments and never raise for business."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.utils import timezone
from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task

from connections.probing import probe_inactive
from deliveries import beats, idempotency, recovery
from deliveries.pump import run_pump


@lru_cache(maxsize=1)
def _broker() -> Broker:
    # A new one each time would be a new connection each time on Redis.
    return get_broker()


def enqueue(name: str) -> None:
    """Put one of this module's tasks into the queue, never to be repeated by django-q2."""
    options: dict[str, Any] = {"ack_failure": True, "broker": _broker(), "task_name": name}
    async_task(f"deliveries.tasks.{name}", **options)


def pump() -> None:
    """One run of the pump; the next one is in the queue before this one ends."""
    run_pump(hand_over=lambda: enqueue("pump"))


def keep_house() -> None:
    """Every minute: probe, clean up, and bring the pump back if it is missing."""
    if not beats.alive("pump"):
        enqueue("pump")
    probe_inactive(now=timezone.now())
    recovery.cancel_of_deleted_rules()
    idempotency.forget_old(now=timezone.now())
    beats.forget_dead()
