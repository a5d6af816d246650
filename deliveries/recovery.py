"""Picking up what dead workers left in hand, and what a rule's end left waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Value

from connections.clock import database_now
from connections.models import Connection
from deliveries.backoff import next_attempt_at
from deliveries.claiming import TABLE, Claim, as_parameter
from deliveries.models import WAITING, Attempt, Delivery, Outcome, Priority, Status
from rules.models import Rule

log = structlog.get_logger(__name__)

ABANDONED_SQL = f"""
SELECT id, lease_token, tries, retry_until, priority, cancel_asked_at FROM {TABLE}
WHERE status = 'processing' AND lease_until <= %s ORDER BY id LIMIT 200
"""  # noqa: S608

LOST = "The worker that made this attempt stopped before it could write down the result."
DELETED = "The rule was deleted before this delivery was made."


def pick_up_abandoned() -> int:
    """How many deliveries of dead workers are scheduled again.

    Why: the first loss is repeated at once, later ones by the retry schedule,
    so that a payload that kills workers cannot do so in a tight loop.
    """
    lost = Delivery.objects.raw(ABANDONED_SQL, [as_parameter(database_now())])
    return sum(_give_back(delivery) for delivery in lost)


def _give_back(delivery: Delivery) -> int:
    now = database_now()
    assert delivery.lease_token is not None  # noqa: S101  a constraint of the table
    held = Claim(delivery.pk, delivery.lease_token)
    until = delivery.retry_until or now + timedelta(seconds=settings.RETRY_FOR_S)
    again: datetime | None = now
    if delivery.tries:
        again = next_attempt_at(delivery.tries, now=now, retry_until=until)
    canceled = delivery.cancel_asked_at is not None
    status = Status.CANCELED if canceled else Status.RETRYING if again else Status.FAILED
    with transaction.atomic():
        rows = Delivery.objects.filter(
            pk=held.delivery_id, lease_token=held.token, lease_until__lte=now, status="processing"
        ).update(
            status=status,
            lease_token=None,
            lease_until=None,
            tries=delivery.tries + 1,
            next_attempt_at=again or now,
            retry_until=until,
            completed_at=None if status == Status.RETRYING else now,
            priority=max(delivery.priority, Priority.RETRY),
            last_outcome=Outcome.INTERNAL_ERROR,
            reason="worker_lost",
            last_error=LOST,
        )
        if rows:
            _close_attempt(held)
    return rows


def _close_attempt(held: Claim) -> None:
    now = database_now()
    Attempt.objects.filter(delivery_id=held.delivery_id, lease_token=held.token, outcome="").update(
        outcome=Outcome.INTERNAL_ERROR,
        reason="worker_lost",
        message=LOST,
        counted=True,
        completed_at=now,
    )
    log.warning("worker_lost", delivery_id=held.delivery_id)


def cancel_of_deleted_rules() -> int:
    """How many waiting deliveries ended because their rule was deleted."""
    deleted = Rule.objects.filter(deleted_at__isnull=False).values("pk")
    return Delivery.objects.filter(
        rule__in=deleted, status__in=[Status.PENDING, Status.RETRYING]
    ).update(
        status=Status.CANCELED,
        held_reason="",
        completed_at=database_now(),
        reason="rule_deleted",
        last_error=DELETED,
    )


def hold_for_connection(connection_id: UUID) -> int:
    """How many waiting deliveries now wait for their connection's credentials."""
    return Delivery.objects.filter(WAITING, connection_id=connection_id).update(
        held_reason="connection_inactive", held_at=database_now()
    )


def release_held() -> int:
    """How many deliveries go on because their connection works again.

    Why: time spent waiting for a person is added to the time for retries.
    """
    waiting = Delivery.objects.filter(connection=OuterRef("pk"), held_reason="connection_inactive")
    ready = Connection.objects.enabled().filter(Exists(waiting)).values_list("pk", flat=True)
    return sum(_release(connection_id) for connection_id in ready)


def _release(connection_id: UUID) -> int:
    now = database_now()
    waited = ExpressionWrapper(
        F("retry_until") + (Value(now, DateTimeField()) - F("held_at")), DateTimeField()
    )
    return Delivery.objects.filter(
        connection_id=connection_id, held_reason="connection_inactive"
    ).update(held_reason="", held_at=None, next_attempt_at=now, retry_until=waited)
