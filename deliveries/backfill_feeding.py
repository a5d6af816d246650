"""Feeds a backfill into the queue: a delivery for the newest event of each person.

Events are looked at from the newest to the oldest. What the rule has reached
is asked in the same transaction that creates deliveries, under the rule's lock,
so that neither slices nor two backfills at once can reach a person twice.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from deliveries.backfilling import email_in, fitting, reached
from deliveries.job_steps import (
    EVENTS,
    FIRST_ID,
    LOOKED_AT,
    OVER,
    SLICE,
    State,
    Step,
    finish,
    locked_job,
    note,
    unfinished,
    window,
)
from deliveries.models import BackgroundJob, Delivery, Event, Priority, Trigger
from deliveries.moving import columns_of
from rules.models import Rule

RELATED = ("connection__account", "current__mapping", "current__connection")
NO_EMAIL, REACHED = "no_email_now", "reached"
SCANNED = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """Events to deliver, newest first; every one of an id from `down_to` on was looked at."""

    events: list[Event]
    down_to: int


def feed_backfill(job_id: int, *, until: float, now: datetime) -> int:
    """How many deliveries this backfill created."""
    job = BackgroundJob.objects.select_related("rule__connection__account").get(pk=job_id)
    account = job.rule.connection.account if job.rule else None
    limit = window(account.requests_per_second) if account else 0
    room, taken = limit - sum(unfinished(job_id).values()), 0
    while room > 0 and time.monotonic() < until:
        step = _step(job_id, room=room, now=now)
        taken, room = taken + step.taken, room - step.taken
        if step.over:
            break
    finish(job_id, now=now)
    return taken


def _step(job_id: int, *, room: int, now: datetime) -> Step:
    """Look at a slice of events and create at most `room` deliveries.

    Shape: nothing happens while the rule is off; a deleted one ends the job.
    """
    with transaction.atomic():
        job = locked_job(job_id)
        if job is None:
            return OVER
        rules = Rule.objects.select_for_update(of=("self",), no_key=True)
        rule = rules.select_related(*RELATED).get(pk=job.rule_id)
        if rule.deleted_at is not None:
            BackgroundJob.objects.filter(pk=job_id).update(state=State.CANCELED, finished_at=now)
            return OVER
        before, floor = job.cursors[EVENTS], job.selection[FIRST_ID] + 1
        if not rule.active or before <= floor:
            return OVER
        seen = _look(job, rule, low=max(before - SLICE, floor), before=before)
        rows, place, skipped = _planned(seen.events, job=job, rule=rule, room=room, now=now)
        through = place == len(seen.events)
        job.cursors[EVENTS] = seen.down_to if through else seen.events[place - 1].pk
        _create(rows)
        note(job, taken=len(rows), skipped=skipped)
        return Step(len(rows), over=through and seen.down_to == floor)


def _look(job: BackgroundJob, rule: Rule, *, low: int, before: int) -> Seen:
    """The newest fitting events of the slice without a delivery of the rule, locked.

    Why: two questions in place of one that joins, because its cost would grow
    with all that the rule has delivered.
    """
    since, until = (datetime.fromisoformat(job.selection[name]) for name in ("since", "until"))
    rows = fitting(rule, since=since, until=until).filter(pk__gte=low, pk__lt=before)
    keys = list(rows.order_by("-pk").values_list("pk", flat=True)[:SCANNED])
    delivered = Delivery.objects.filter(rule=rule, event__in=keys).values_list("event", flat=True)
    fresh = sorted(set(keys) - set(delivered), reverse=True)
    batch, down_to = fresh[:LOOKED_AT], low
    if len(batch) < len(fresh):
        down_to = batch[-1]
    elif len(keys) == SCANNED:
        down_to = keys[-1]
    events = Event.objects.select_for_update(of=("self",), no_key=True)
    found = events.filter(pk__in=batch, erased_at__isnull=True).order_by("-pk")
    return Seen(list(found), down_to)


def _planned(
    events: list[Event], *, job: BackgroundJob, rule: Rule, room: int, now: datetime
) -> tuple[list[Delivery], int, Counter[str]]:
    """The deliveries to create, how many events that took, and who was left out and why."""
    emails = [email_in(rule, event) for event in events]
    since_start = Q(job=job) | Q(created_at__gte=job.created_at)
    there = reached(rule, filter(None, emails), also=since_start)
    rows: list[Delivery] = []
    skipped: Counter[str] = Counter()
    for place, (event, email) in enumerate(zip(events, emails, strict=True)):
        if not email or email in there:
            skipped[REACHED if email else NO_EMAIL] += 1
        elif len(rows) == room:
            return rows, place, skipped
        else:
            there.add(email)
            rows.append(_delivery(event, job=job, rule=rule, email=email, now=now))
    return rows, len(events), skipped


def _delivery(
    event: Event, *, job: BackgroundJob, rule: Rule, email: str, now: datetime
) -> Delivery:
    held = rule.held_reason or ("" if rule.connection.active else "connection_inactive")
    columns: dict[str, Any] = columns_of(rule.current) if rule.current else {}
    return Delivery(
        workspace_id=event.workspace_id,
        event=event,
        event_name=event.event,
        rule=rule,
        email=email,
        page_id=event.page_id,
        trigger=Trigger.BACKFILL,
        priority=Priority.REPLAY,
        asked_by=job.asked_by,
        job=job,
        held_reason=held,
        held_at=now if held else None,
        next_attempt_at=now,
        created_at=now,
        **columns,
    )


def _create(rows: list[Delivery]) -> None:
    Delivery.objects.bulk_create(rows)
    keys = [row.event_id for row in rows]
    Event.objects.filter(pk__in=keys).update(total_rules=F("total_rules") + 1)
