"""Writing down what became of an attempt: the attempt, its delivery, and what we learned.

Each verb is one transaction and changes a delivery only while its claim holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from connections.clock import database_now
from connections.destinations.base import Done, Exchange, KnownContact
from connections.models import Account, ContactCache
from deliveries import attempt_rows
from deliveries.backoff import next_attempt_at
from deliveries.calling_off import as_found
from deliveries.claiming import Claim, ClaimLost
from deliveries.hurrying import hurried_by
from deliveries.jobs import TAKEN
from deliveries.models import Attempt, Delivery, Outcome, Priority, Status, Trigger
from deliveries.outcomes import Next, Verdict

log = structlog.get_logger(__name__)

AUTH_TRIES = 3
CANCELED_BY_PERSON = "canceled_by_person"
RULE_DELETED = "rule_deleted"


@dataclass(slots=True)
class Running:
    """An attempt in flight: its row, its delivery, the exchanges so far, what they taught."""

    claim: Claim
    delivery: Delivery
    attempt_id: int
    started_at: datetime
    exchanges: list[Exchange] = field(default_factory=list)
    learned: list[KnownContact] = field(default_factory=list)
    doubted: bool = False


def open_attempt(claim: Claim, delivery: Delivery, *, now: datetime) -> Running:
    """The attempt's row, stored before anything is sent.

    Raises: ClaimLost.
    """
    version = delivery.rule_version
    trigger = Trigger.RETRY if _goes_on(delivery) else delivery.trigger
    delivery.attempt_count += 1
    delivery.run_attempts += 1
    attempt_id = attempt_rows.open_row(
        {
            "delivery": delivery.pk,
            "number": delivery.attempt_count,
            "run_attempts": delivery.run_attempts,
            "trigger": str(trigger),
            "asked_by": hurried_by(delivery) if trigger == Trigger.RETRY else delivery.asked_by,
            "version": version.pk,
            "connection": delivery.connection_id,
            "target_id": delivery.target_id,
            "target_label": version.target_label,
            "token": claim.token,
            "now": now,
        }
    )
    if attempt_id is None:
        raise ClaimLost("The delivery was given to another worker.")
    return Running(claim, delivery, attempt_id, started_at=now)


def _goes_on(delivery: Delivery) -> bool:
    """Whether an attempt now repeats an earlier one of the same run by itself."""
    return delivery.begun and delivery.trigger in (Trigger.LIVE, Trigger.REPLAY, Trigger.BACKFILL)


def note_taken(running: Running, target_id: str) -> None:
    """Write down that the target was taken away, before it is given again.

    Raises: ClaimLost.
    """
    progress = {**running.delivery.progress, TAKEN: target_id}
    mine = Delivery.objects.filter(pk=running.delivery.pk, lease_token=running.claim.token)
    if not mine.filter(status=Status.PROCESSING).update(progress=progress):
        raise ClaimLost("The delivery was given to another worker.")


def record_done(running: Running, done: Done, *, known: KnownContact, now: datetime) -> bool:
    """Whether the delivery is now completed; False when its claim was lost.

    Shape: `known` is what was remembered of the contact before.
    """
    delivery, contact = running.delivery, done.contact
    held = attempt_rows.complete_row(
        {
            "delivery": delivery.pk,
            "attempt": running.attempt_id,
            "token": running.claim.token,
            "now": now,
            "exchanges": [as_json(exchange) for exchange in running.exchanges],
            "duration": _duration_ms(running, now),
            "message": done.message[:500],
            "effect": done.effect,
            "target_id": done.target_id or delivery.target_id,
            "account": delivery.account_id,
            "email": delivery.email,
            "external_id": contact.id,
            "fields_hash": contact.fields_hash,
            "links": dict(contact.links),
        },
        remember=contact != known or bool(running.doubted),
    )
    if not held:
        log.warning("claim_lost", delivery_id=delivery.pk)
        doubt_fields(delivery)
    log.info("delivered", **_ids(running), effect=done.effect, calls=len(running.exchanges))
    return held


def record_failure(running: Running, verdict: Verdict, *, now: datetime) -> None:
    """What an error changed: a later try, a wait that costs nothing, or the end.

    Why: whether somebody asked to cancel is read again, as that may have
    happened during the call.
    """
    with transaction.atomic():
        in_hand = _in_hand(running.claim).select_for_update(no_key=True)
        asked_at = in_hand.values_list("cancel_asked_at", flat=True).first()
        running.delivery.cancel_asked_at = asked_at
        _close(
            running,
            now=now,
            outcome=verdict.outcome,
            reason=verdict.reason,
            message=verdict.message[:500],
            counted=verdict.next not in (Next.WAIT, Next.HOLD),
        )
        # By the database's clock, by which it is judged later whether the retry is due.
        changes = _after_failure(running.delivery, verdict, now=database_now())
        held = _change(
            running.claim,
            last_outcome=verdict.outcome,
            reason=verdict.reason,
            last_error=verdict.message[:500],
            **changes,
        )
        if held and running.learned:
            _remember(running.delivery, running.learned[-1], now=now)
    log.warning("attempt_failed", **_ids(running), outcome=verdict.outcome, reason=verdict.reason)


def record_canceled(claim: Claim, delivery: Delivery, *, reason: str, now: datetime) -> None:
    """The end of a delivery that nobody wants any more; nothing was sent.

    Shape: a replay that ends before its first attempt, unless it is superseded,
    leaves the delivery as the replay found it.
    """
    changes: dict[str, Any] = {
        "status": Status.CANCELED,
        "completed_at": now,
        "reason": reason,
        "last_error": "",
    }
    called_off = reason in (CANCELED_BY_PERSON, RULE_DELETED)
    if called_off and delivery.status_before and not delivery.begun:
        changes = as_found(Delivery.objects.select_related("event").get(pk=delivery.pk))
    _change(claim, **changes)
    log.info("canceled", delivery_id=delivery.pk, event_id=delivery.event_id, reason=reason)


def _after_failure(delivery: Delivery, verdict: Verdict, *, now: datetime) -> dict[str, Any]:
    over = {"status": Status.FAILED, "completed_at": now, "tries": delivery.tries + 1}
    if delivery.cancel_asked_at is not None:
        return {"status": Status.CANCELED, "completed_at": now}
    if verdict.next is Next.HOLD:
        return {"status": Status.PENDING, "held_reason": verdict.reason, "held_at": now}
    if verdict.next is Next.GIVE_UP:
        return over
    if verdict.next is Next.WAIT:
        wait = timedelta(seconds=verdict.retry_after_s or 0.0)
        moved = _moved(verdict, now=now) if verdict.target_id else {}
        return {"status": Status.RETRYING, "next_attempt_at": now + wait, **moved}
    tries = delivery.tries + 1
    window = retry_window(delivery, now=now)
    again = next_attempt_at(
        tries, now=now, retry_until=window["retry_until"], retry_after_s=verdict.retry_after_s
    )
    if again is None or (verdict.next is Next.PROBE and _doubts(delivery) > AUTH_TRIES):
        return over
    return {
        "status": Status.RETRYING,
        "tries": tries,
        "next_attempt_at": again,
        "priority": max(delivery.priority, Priority.RETRY),
        **window,
    }


def _moved(verdict: Verdict, *, now: datetime) -> dict[str, Any]:
    """The columns that lead to the target's new id, where the delivery counts as a late one."""
    return {"target_id": verdict.target_id, "applied_id": None, "released_at": now}


def _doubts(delivery: Delivery) -> int:
    """How many attempts of the present run, this one included, left the credentials in doubt."""
    earlier = delivery.attempt_count - delivery.run_attempts
    attempts = delivery.attempts.filter(outcome=Outcome.AUTH_FAILED, number__gt=earlier)
    return attempts.filter(counted=True).count()


def retry_window(delivery: Delivery, *, now: datetime) -> dict[str, Any]:
    """The columns that say until when a delivery is retried, as they are after now.

    Shape: `retry_until` and `paused_mark`. Why: time in which the account was
    paused does not use up the time for retries.
    """
    paused_s = Account.objects.values_list("paused_s", flat=True).get(pk=delivery.account_id)
    until = now + timedelta(seconds=settings.RETRY_FOR_S)
    if delivery.retry_until is not None:
        until = delivery.retry_until + timedelta(seconds=paused_s - delivery.paused_mark)
    return {"retry_until": until, "paused_mark": paused_s}


def _change(claim: Claim, **changes: Any) -> bool:
    rows = _in_hand(claim).update(**{"lease_token": None, "lease_until": None, **changes})
    if not rows:
        log.warning("claim_lost", delivery_id=claim.delivery_id)
    return rows == 1


def _in_hand(claim: Claim) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        pk=claim.delivery_id, lease_token=claim.token, status=Status.PROCESSING
    )


def _close(running: Running, *, now: datetime, **result: Any) -> None:
    Attempt.objects.filter(pk=running.attempt_id, outcome="").update(
        exchanges=[as_json(exchange) for exchange in running.exchanges],
        completed_at=now,
        duration_ms=_duration_ms(running, now),
        **result,
    )


def _duration_ms(running: Running, now: datetime) -> int:
    return max(0, round((now - running.started_at).total_seconds() * 1000))


def as_json(exchange: Exchange) -> dict[str, Any]:
    """The exchange as history stores it."""
    return {
        "method": exchange.method,
        "path": exchange.path,
        "request_body": exchange.request_body,
        "status": exchange.status,
        "response_headers": dict(exchange.response_headers),
        "response_body": exchange.response_body,
        "started_at": exchange.started_at,
        "elapsed_ms": exchange.elapsed_ms,
        "error": exchange.error,
    }


def doubt_fields(delivery: Delivery) -> None:
    """Make the next action write the contact's fields, as what it holds is not certain now."""
    ContactCache.objects.filter(account_id=delivery.account_id, email=delivery.email).update(
        fields_hash=""
    )


def _remember(delivery: Delivery, contact: KnownContact, *, now: datetime) -> None:
    ContactCache.objects.bulk_create(
        [
            ContactCache(
                account_id=delivery.account_id,
                email=delivery.email,
                external_id=contact.id,
                fields_hash=contact.fields_hash,
                links=dict(contact.links),
                updated_at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["account", "email"],
        update_fields=["external_id", "fields_hash", "links", "updated_at"],
    )


def _ids(running: Running) -> dict[str, Any]:
    return {
        "event_id": running.delivery.event_id,
        "delivery_id": running.delivery.pk,
        "attempt_id": running.attempt_id,
    }
