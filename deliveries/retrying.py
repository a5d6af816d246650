"""The next attempt of a delivery now, because somebody asks, instead of by the schedule.

Source: Meshes API wire contract, section 8.4.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from connections.clock import database_now
from deliveries import wakeup
from deliveries.hurrying import hurried
from deliveries.models import Delivery, Status
from deliveries.recording import RULE_DELETED
from deliveries.replaying import CONNECTION_DELETED, SENTENCES, Basis, Order, begin, locked

log = structlog.get_logger(__name__)

IMMINENT = timedelta(seconds=5)
IN_FLIGHT = "An attempt is in flight. Wait for its outcome, then retry if it fails."
WAITS = "The attempt is queued already; it follows by itself."
SOON = f"The next attempt follows within {IMMINENT.seconds} seconds by itself."
OVER = "Only a failed or retrying delivery can be retried; this one is {}."
NOT_ACTIVE = (
    "The connection is not active. Enter a working key or switch it on; what waits then goes out."
)
ON_HOLD = "The rule is on hold because its tag or list is gone. Choose another one, then retry."

HELD = "This delivery waits for a person; its page in the admin says what to do."


class NotRetried(Exception):
    """The delivery was not retried, and nothing is changed; its text is a sentence."""


class Over(NotRetried):
    """The delivery was made or canceled."""


class Unable(NotRetried):
    """The delivery cannot be made now."""


class Early(NotRetried):
    """An attempt is in flight or about to be made."""


def retry(delivery_id: int, *, by: str, now: datetime) -> None:
    """Make the delivery's next attempt due now; `by` names who asked.

    Raises: Over, Unable, Early; Delivery.DoesNotExist.
    """
    with transaction.atomic():
        row = locked(Delivery.objects.filter(pk=delivery_id), basis=Basis.WAS).get()
        _refuse_what_cannot_run(row)
        if row.status == Status.FAILED:
            done = begin([row], order=Order(basis=Basis.WAS, insist=False, by=by, now=now))
            for cause in done.skipped:
                raise Unable(SENTENCES[cause])
        else:
            _hurry(row, by=by)
        transaction.on_commit(wakeup.nudge, robust=True)
    log.info("retry_asked", delivery_id=row.pk, event_id=row.event_id, by=by)


def _refuse_what_cannot_run(row: Delivery) -> None:
    if row.status in (Status.COMPLETED, Status.CANCELED):
        raise Over(OVER.format(row.status))
    if row.status == Status.PROCESSING:
        raise Early(IN_FLIGHT)
    if row.rule.deleted_at is not None:
        raise Unable(SENTENCES[RULE_DELETED])
    if row.connection.deleted_at is not None:
        raise Unable(SENTENCES[CONNECTION_DELETED])
    if not row.connection.active:
        raise Unable(NOT_ACTIVE)
    if row.rule.held_reason:
        raise Unable(ON_HOLD)
    if row.held_reason:
        raise Unable(HELD)


def _hurry(row: Delivery, *, by: str) -> None:
    """Make the scheduled attempt due; it goes on counting tries and keeps its order."""
    if row.status == Status.PENDING:
        raise Early(WAITS)
    due = database_now()
    if row.next_attempt_at <= due + IMMINENT:
        raise Early(SOON)
    Delivery.objects.filter(pk=row.pk).update(next_attempt_at=due, progress=hurried(row, by=by))
