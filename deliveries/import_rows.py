"""Writing down an import's end on its attempts and deliveries: one transaction for all of them.

Only deliveries that the import still has in hand are changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import OuterRef, Subquery

from connections import destinations
from connections.clock import database_now
from connections.destinations.bulk import BulkItem, BulkSeen
from connections.models import ContactCache
from deliveries.import_holding import Hold, forget_old
from deliveries.models import Attempt, Delivery, ImportBatch, Outcome, Status

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a person of an import goes on by a single call."""

    outcome: Outcome
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one delivery; `miss` is None when the tag was seen."""

    delivery: Delivery
    item: BulkItem | None
    seen: BulkSeen
    miss: Miss | None
    exchanges: list[dict[str, Any]]


def store(hold: Hold, results: list[Result], *, state: str, rest_s: float = 0.0) -> None:
    now, batch = database_now(), hold.batch
    with transaction.atomic():
        own = Delivery.objects.filter(
            batch=batch, lease_token=batch.token, status=Status.PROCESSING
        )
        held = {
            row.pk: row
            for row in own.select_for_update(of=("self",)).only("cancel_asked_at").order_by("pk")
        }
        results = [result for result in results if result.delivery.pk in held]
        attempts = _close_attempts(batch, results, now=now)
        done = [result for result in results if result.miss is None]
        _complete(batch, done, now=now)
        _remember(batch, done, now=now)
        canceled = {pk for pk, row in held.items() if row.cancel_asked_at is not None}
        _go_on([r for r in results if r.miss is not None], canceled, now=now)
        hold.finish(state, rest_s=rest_s)
    forget_old(batch.account_id)
    _tell(attempts, results)
    log.info(
        "import_ended",
        batch_id=batch.pk,
        state=str(state),
        people=len(results),
        confirmed=len(done),
    )


def _tell(attempts: list[Attempt], results: list[Result]) -> None:
    """A line for each person, as a single call would have got."""
    by_id = {result.delivery.pk: result.delivery for result in results}
    for row in attempts:
        ids = {"event_id": by_id[row.delivery_id].event_id, "delivery_id": row.delivery_id}
        done = row.outcome == Outcome.DELIVERED
        said = {"effect": row.effect} if done else {"outcome": row.outcome, "reason": row.reason}
        log.info("delivered" if done else "not_imported", **ids, attempt_id=row.pk, **said)


def _close_attempts(batch: ImportBatch, results: list[Result], *, now: datetime) -> list[Attempt]:
    by_id = {result.delivery.pk: result for result in results}
    rows = list(Attempt.objects.filter(delivery_id__in=by_id, lease_token=batch.token, outcome=""))
    for row in rows:
        result = by_id[row.delivery_id]
        miss = result.miss
        row.outcome = miss.outcome if miss else Outcome.DELIVERED
        row.reason = miss.reason if miss else ""
        row.effect = "" if miss else _effect(result, batch)
        row.message = miss.message[:500] if miss else MESSAGES[row.effect]
        row.counted = miss is None
        row.exchanges, row.completed_at = result.exchanges, now
        row.duration_ms = max(0, round((now - row.started_at).total_seconds() * 1000))
    columns = ["outcome", "reason", "effect", "message", "counted", "exchanges", "completed_at"]
    Attempt.objects.bulk_update(rows, [*columns, "duration_ms"], batch_size=100)
    return rows


MESSAGES = {
    "applied": "The tag was added by a bulk import.",
    "already": "The contact already held the tag when the bulk import came to it.",
}


def _effect(result: Result, batch: ImportBatch) -> str:
    added = result.seen.added.get(result.delivery.target_id)
    # Their times have whole seconds.
    posted = batch.posted_at.timestamp() - 1 if batch.posted_at else 0.0
    return "already" if added is not None and added < posted else "applied"


def _complete(batch: ImportBatch, done: list[Result], *, now: datetime) -> None:
    attempt = Attempt.objects.filter(delivery_id=OuterRef("pk"), lease_token=batch.token)
    Delivery.objects.filter(pk__in=[result.delivery.pk for result in done]).update(
        status=Status.COMPLETED,
        last_outcome=Outcome.DELIVERED,
        reason="",
        last_error="",
        applied_id=Subquery(attempt.values("pk")[:1]),
        completed_at=now,
        **_FREE,
    )


_FREE: Mapping[str, Any] = {"lease_token": None, "lease_until": None, "batch": None}


def _go_on(missed: Iterable[Result], canceled: set[int], *, now: datetime) -> None:
    groups: dict[tuple[Miss | None, bool], list[int]] = {}
    for result in missed:
        pk = result.delivery.pk
        groups.setdefault((result.miss, pk in canceled), []).append(pk)
    for (miss, stopped), ids in groups.items():
        if miss is None:
            continue
        over = {"status": Status.CANCELED, "completed_at": now}
        after: dict[str, Any] = over if stopped else {"status": Status.RETRYING}
        Delivery.objects.filter(pk__in=ids).update(
            last_outcome=miss.outcome,
            reason=miss.reason,
            last_error=miss.message[:500],
            **after,
            **_FREE,
        )


def _remember(batch: ImportBatch, done: list[Result], *, now: datetime) -> None:
    destination = destinations.destination(batch.connection.kind)
    rows = [
        ContactCache(
            account_id=batch.account_id,
            email=result.delivery.email,
            external_id=result.seen.contact_id,
            fields_hash=destination.fields_hash(result.item.job) if result.item else "",
            links=dict(result.seen.links),
            updated_at=now,
        )
        for result in done
    ]
    ContactCache.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["account", "email"],
        update_fields=["external_id", "fields_hash", "links", "updated_at"],
    )
