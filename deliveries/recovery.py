"""Picking up what dead workers left in hand, and what a rule's end left waiting."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from connections.clock import database_now
from connections.models import Connection
from deliveries import trial_lane
from deliveries.backoff import next_attempt_at
from deliveries.calling_off import as_found, can_be_called_off
from deliveries.claiming import TABLE, UNFINISHED_SQL, as_before, as_parameter, as_uuid
from deliveries.giving_back import ended
from deliveries.holding import extended
from deliveries.locking import update_free
from deliveries.models import WAITING, Attempt, Delivery, Outcome, Priority, Status
from deliveries.recording import RULE_DELETED, retry_window

log = structlog.get_logger(__name__)

# Written so that SQLite, too, reads only the rows of the partial indexes, every second.
ABANDONED_SQL = f"""
SELECT id FROM {TABLE}
WHERE status = 'processing' AND lease_until <= %s ORDER BY lease_until LIMIT 200
"""  # noqa: S608
READY_SQL = f"""
SELECT c.id FROM connections_connection c
WHERE c.active AND c.deleted_at IS NULL AND EXISTS (
  SELECT 1 FROM {TABLE} d WHERE d.connection_id = c.id
  AND NOT (d.held_reason = '') AND d.held_reason = 'connection_inactive')
"""  # noqa: S608
HELD_SQL = f"""
SELECT id FROM {TABLE}
WHERE NOT (held_reason = '') AND held_reason = 'connection_inactive' AND connection_id = %s
ORDER BY id LIMIT 500
"""  # noqa: S608
RULE_DELETED_SQL = f"""
SELECT d.id FROM {TABLE} d CROSS JOIN rules_rule r
WHERE {UNFINISHED_SQL.format("d")} AND d.status <> 'processing'
  AND r.id = d.rule_id AND r.deleted_at IS NOT NULL LIMIT 1000
"""  # noqa: S608

PICKS_UP_FOR_S = 5.0
HELD_AT_ONCE = 1000
WORKER_LOST = "worker_lost"
LOST = "The worker that made this attempt stopped before it could write down the result."
DELETED = "The rule was deleted before this delivery was made."


def pick_up_abandoned(*, within_s: float = PICKS_UP_FOR_S) -> int:
    """How many deliveries of dead workers are scheduled again.

    Shape: one whose attempt had not begun goes back as it was. Units: after
    `within_s` the rest is left to the next call.
    Why: one loss is repeated at once, the next in a row by the retry schedule,
    so that a payload that kills workers cannot do so in a tight loop.
    """
    until = time.monotonic() + within_s
    lost = list(Delivery.objects.raw(ABANDONED_SQL, [as_parameter(database_now())]))
    return sum(_give_back(row.pk) for row in lost if time.monotonic() < until)


def _give_back(delivery_id: int) -> int:
    now = database_now()
    with transaction.atomic():
        # Another process that has the row picks it up right now.
        locked = Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        rows = locked.select_related("event")
        lost = rows.abandoned(now).filter(pk=delivery_id).first()
        if lost is None:
            return 0
        attempt = lost.attempts.filter(outcome="", lease_token=lost.lease_token)  # type: ignore[misc]
        began = _close(attempt, now=now)
        changes = _after_loss(lost, now=now) if began else _unbegun(lost)
        free = {"lease_token": None, "lease_until": None}
        Delivery.objects.filter(pk=lost.pk).update(**{**free, **changes})
    ids = {"event_id": lost.event_id, "delivery_id": lost.pk}
    log.warning("worker_lost", **ids, attempt_began=began)
    return 1


def _unbegun(lost: Delivery) -> dict[str, Any]:
    cleaned = trial_lane.before_cleaning(lost.pk, lost.lease_token) if lost.is_test else ""
    if cleaned:
        return trial_lane.back_to(cleaned)
    return {"status": as_before(lost)} if lost.cancel_asked_at is None else ended(lost)


def _close(attempt: QuerySet[Attempt], *, now: datetime) -> bool:
    rows = attempt.update(
        outcome=Outcome.INTERNAL_ERROR,
        reason=WORKER_LOST,
        message=LOST,
        counted=True,
        completed_at=now,
    )
    return rows == 1


def _after_loss(lost: Delivery, *, now: datetime) -> dict[str, Any]:
    window = retry_window(lost, now=now)
    again: datetime | None = now
    if lost.reason == WORKER_LOST:
        again = next_attempt_at(lost.tries, now=now, retry_until=window["retry_until"])
    ended = Status.CANCELED if lost.cancel_asked_at else None if again else Status.FAILED
    return {
        "status": ended or Status.RETRYING,
        "completed_at": now if ended else None,
        "tries": lost.tries + 1,
        "next_attempt_at": again or now,
        **window,
        "priority": max(lost.priority, Priority.RETRY),
        "last_outcome": Outcome.INTERNAL_ERROR,
        "reason": WORKER_LOST,
        "last_error": LOST,
    }


def cancel_of_deleted_rules() -> int:
    """How many waiting deliveries ended because their rule was deleted.

    Shape: a replay that has not begun leaves its delivery as it found it.
    """
    return sum(iter(_cancel_some, 0))


def _cancel_some() -> int:
    found = [row.pk for row in Delivery.objects.raw(RULE_DELETED_SQL)]
    waiting = Delivery.objects.filter(pk__in=found, status__in=[Status.PENDING, Status.RETRYING])
    with transaction.atomic():
        locked = waiting.select_related("event").order_by("pk").select_for_update(of=("self",))
        rows = list(locked)
        called_off = [row for row in rows if can_be_called_off(row)]
        for row in called_off:
            Delivery.objects.filter(pk=row.pk).update(**as_found(row))
        waiting.exclude(pk__in=[row.pk for row in called_off]).filter(
            pk__in=[row.pk for row in rows]
        ).update(
            status=Status.CANCELED,
            held_reason="",
            held_at=None,
            completed_at=database_now(),
            reason=RULE_DELETED,
            last_error=DELETED,
        )
    return len(rows)


def hold_for_connection(connection_id: UUID) -> int:
    """How many waiting deliveries now wait for their connection's credentials."""
    waiting = Delivery.objects.filter(WAITING, connection_id=connection_id)
    ids = sorted(waiting.values_list("pk", flat=True))
    held = {"held_reason": "connection_inactive", "held_at": database_now()}
    return sum(
        update_free(waiting, ids[start : start + HELD_AT_ONCE], **held)
        for start in range(0, len(ids), HELD_AT_ONCE)
    )


def release_held() -> int:
    """How many deliveries go on because their connection works again, a slice of each."""
    ready = [row.pk for row in Connection.objects.raw(READY_SQL)]
    return sum(_release(connection_id) for connection_id in ready)


def _release(connection_id: UUID) -> int:
    now = database_now()
    oldest = [row.pk for row in Delivery.objects.raw(HELD_SQL, [as_uuid(connection_id)])]
    held = Delivery.objects.filter(held_reason="connection_inactive")
    return update_free(
        held,
        oldest,
        held_reason="",
        held_at=None,
        released_at=now,
        next_attempt_at=now,
        retry_until=extended(now),
    )
