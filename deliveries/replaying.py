"""New runs on deliveries that have ended: one delivery, or an event's failed ones.

A replay is a new attempt on the same delivery; it never asks other rules. Every
verb works on rows that it has locked, so that two replays cannot both begin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from deliveries import wakeup
from deliveries.models import (
    UNFINISHED,
    BackgroundJob,
    Delivery,
    Event,
    Priority,
    Status,
    Trigger,
)
from deliveries.moving import as_it_is_now
from deliveries.recording import RULE_DELETED

log = structlog.get_logger(__name__)

Basis = BackgroundJob.Basis

UNFINISHED_YET = "unfinished"
CONNECTION_DELETED = "connection_deleted"
ERASED = "erased"
NO_EMAIL = "no_email"
NO_EMAIL_NOW = "no_email_now"
SENTENCES: Mapping[str, str] = {
    UNFINISHED_YET: "This delivery is not finished, so it cannot be replayed. Wait until it has "
    "ended, or cancel it first.",
    RULE_DELETED: "The rule of this delivery was deleted, so it cannot be replayed. Create the "
    "rule again and backfill it.",
    CONNECTION_DELETED: "The connection of this delivery was deleted. Let the rule use another "
    "connection, then replay with the rule as it is now.",
    ERASED: "The person of this event was erased, so nothing is left that could be sent.",
    NO_EMAIL: "This delivery has no valid email address. Correct the field mapping and replay "
    "with the rule as it is now, or have the product send the event again.",
    NO_EMAIL_NOW: "Today's field mapping finds no valid email address in this event. Correct the "
    "mapping, or have the product send the event again.",
}


class CannotReplay(Exception):
    """A delivery that may not be replayed; its text is a sentence, `fate` names the cause."""

    def __init__(self, fate: str) -> None:
        super().__init__(SENTENCES[fate])
        self.fate = fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How deliveries are to be replayed, and in whose name."""

    basis: str
    insist: bool
    by: str
    now: datetime
    job: BackgroundJob | None = None


@dataclass(slots=True)
class Replayed:
    """How many deliveries were set going, and how many could not be, by cause."""

    taken: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def replay(delivery_id: int, *, basis: str, insist: bool, by: str, now: datetime) -> None:
    """Set the delivery going once more, with its rule as it was or as it is now.

    Raises: CannotReplay, and then nothing is changed; Delivery.DoesNotExist.
    """
    order = Order(basis=basis, insist=insist, by=by, now=now)
    with transaction.atomic():
        rows = list(locked(Delivery.objects.filter(pk=delivery_id), basis=basis))
        if not rows:
            raise Delivery.DoesNotExist("There is no such delivery.")
        done = begin(rows, order=order)
        for fate in done.skipped:
            raise CannotReplay(fate)
        transaction.on_commit(wakeup.nudge, robust=True)


def replay_event_failures(
    event: Event, *, basis: str, insist: bool, by: str, now: datetime
) -> Replayed:
    """What became of the event's failed deliveries."""
    order = Order(basis=basis, insist=insist, by=by, now=now)
    failed = Delivery.objects.filter(event=event, status=Status.FAILED)
    with transaction.atomic():
        done = begin(locked(failed, basis=basis), order=order)
        if done.taken:
            transaction.on_commit(wakeup.nudge, robust=True)
    return done


def fate(basis: str) -> Case:
    """Why a delivery cannot be replayed on this basis, '' when it can.

    Shape: whether today's mapping finds an email shows only in `begin`.
    """
    connection = "connection" if basis == Basis.WAS else "rule__current__connection"
    causes = [
        When(UNFINISHED, then=Value(UNFINISHED_YET)),
        When(event__erased_at__isnull=False, then=Value(ERASED)),
        When(rule__deleted_at__isnull=False, then=Value(RULE_DELETED)),
        When(Q(**{f"{connection}__deleted_at__isnull": False}), then=Value(CONNECTION_DELETED)),
    ]
    if basis == Basis.WAS:
        causes.append(When(email="", then=Value(NO_EMAIL)))
    return Case(*causes, default=Value(""), output_field=CharField())


def locked(rows: QuerySet[Delivery], *, basis: str) -> QuerySet[Delivery]:
    """The rows with their fate, in order, locked until the transaction ends."""
    related = ["rule", "connection"]
    if basis == Basis.NOW:
        related += ["event", "rule__current__mapping", "rule__current__connection"]
    found = rows.select_related(*related).annotate(fate=fate(basis)).order_by("pk")
    return found.select_for_update(of=("self",), no_key=True)


def begin(rows: Iterable[Delivery], *, order: Order) -> Replayed:
    """A new run for each of these locked rows that can have one."""
    done = Replayed()
    alike: dict[str, list[int]] = {}
    rows = list(rows)
    erased = _erased(rows)
    for row in rows:
        cause = ERASED if row.event_id in erased else getattr(row, "fate", "")
        moved = as_it_is_now(row) if not cause and order.basis == Basis.NOW else {}
        if moved is None:
            cause = NO_EMAIL_NOW
        if cause:
            done.skipped[cause] += 1
        elif moved:
            _start([row.pk], held_reason(row, moved), order, **moved)
            done.taken += 1
        else:
            alike.setdefault(held_reason(row), []).append(row.pk)
            done.taken += 1
    for held, keys in alike.items():
        _start(keys, held, order)
    return done


def _erased(rows: list[Delivery]) -> set[int]:
    """The events among them whose person is erased by now.

    Why: where a row's lock had to be waited for, the event that came with it
    is as it was before, with the payload that the erasure has blanked since.
    """
    events = Event.objects.filter(pk__in={row.event_id for row in rows}, erased_at__isnull=False)
    return set(events.values_list("pk", flat=True))


def held_reason(row: Delivery, moved: Mapping[str, Any] | None = None) -> str:
    """What a run of the delivery must wait for, '' when it may go at once."""
    current = row.rule.current if moved else None  # asked only then: it costs a query a row
    connection = current.connection if current else row.connection
    return row.rule.held_reason or ("" if connection.active else "connection_inactive")


def _start(keys: list[int], held: str, order: Order, **moved: Any) -> None:
    log.info("replayed", count=len(keys), delivery_id=keys[0], basis=order.basis)
    Delivery.objects.filter(pk__in=keys).update(
        status_before=F("status"),
        status=Status.PENDING,
        trigger=Trigger.REPLAY,
        priority=Priority.REPLAY,
        asked_by=order.by,
        insist=order.insist,
        job=order.job,
        run_attempts=0,
        tries=0,
        retry_until=None,
        paused_mark=0.0,
        next_attempt_at=order.now,
        held_reason=held,
        held_at=order.now if held else None,
        released_at=None,
        cancel_asked_at=None,
        **{"progress": {}, **moved},
    )
