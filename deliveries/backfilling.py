"""Applying a rule to past events that it would have matched, each person once.

The newest event of a person counts; people whom the rule has reached, or is
about to reach, are left alone. Nothing is created here but the job.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet

from deliveries.id_bounds import id_after, id_before
from deliveries.job_preview import Load, load
from deliveries.job_steps import EVENTS, FIRST_ID
from deliveries.models import UNFINISHED, BackgroundJob, Delivery, Event, Status
from rules.mapping import email_of
from rules.models import CONDITION_FIELDS, Rule

log = structlog.get_logger(__name__)

MOST_READ = 5_000
MOST_COUNTED = 200_000


class CannotBackfill(Exception):
    """Why a rule cannot be applied to the past, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPreview:
    """What a backfill would do.

    Shape: `events` match and have no delivery of this rule; of them `people`
    get one. Above five thousand events the figures are estimates, told from
    the newest ones, and `events` itself ends at two hundred thousand.
    """

    first_id: int
    last_id: int
    events: int
    people: int
    reached: int
    no_email: int
    estimated: bool
    load: Load


def preview(rule: Rule, *, since: datetime, until: datetime) -> BackfillPreview:
    """What applying the rule to the events of the period would do.

    Raises: CannotBackfill.
    """
    check(rule)
    first, last = _bounds(rule, since=since, until=until)
    rows = fitting(rule, since=since, until=until).filter(pk__gt=first, pk__lte=last)
    rows = rows.filter(~Exists(Delivery.objects.filter(event=OuterRef("pk"), rule=rule)))
    events = rows.order_by()[: MOST_COUNTED + 1].count()
    emails = [email_in(rule, event) for event in rows.only("payload").order_by("-pk")[:MOST_READ]]
    found = {email for email in emails if email}
    there = reached(rule, found)
    scale = events / len(emails) if emails else 1.0
    people = round(len(found - there) * scale)
    return BackfillPreview(
        first_id=first,
        last_id=last,
        events=events,
        people=people,
        reached=round(len(there) * scale),
        no_email=round(emails.count("") * scale),
        estimated=events > MOST_READ,
        load=load(rule.connection.account, people),
    )


def start(rule: Rule, *, since: datetime, until: datetime, by: str, now: datetime) -> BackgroundJob:
    """The stored job, running from now on.

    Raises: CannotBackfill, also when nobody would be reached.
    """
    found = preview(rule, since=since, until=until)
    if not found.people:
        raise CannotBackfill("No event of this period would bring the rule to a new person.")
    period = {"since": since.isoformat(), "until": until.isoformat()}
    job = BackgroundJob.objects.create(
        kind=BackgroundJob.Kind.BACKFILL,
        workspace_id=rule.workspace_id,
        rule=rule,
        basis=BackgroundJob.Basis.NOW,
        selection={**period, FIRST_ID: found.first_id},
        last_id=found.last_id,
        cursors={EVENTS: found.last_id + 1},
        total=found.people,
        asked_by=by,
        created_at=now,
    )
    log.info("job_started", job_id=job.pk, kind=job.kind, total=job.total)
    return job


def check(rule: Rule) -> None:
    """Refuse a rule that cannot reach anybody now.

    Raises: CannotBackfill.
    """
    if rule.deleted_at is not None or rule.current is None:
        raise CannotBackfill("This rule was deleted. Create it again to apply it to past events.")
    if not rule.active:
        raise CannotBackfill("This rule is off. Switch it on, then apply it to past events.")
    if rule.connection.deleted_at is not None:
        raise CannotBackfill("The rule's connection was deleted. Let the rule use another one.")


def fitting(rule: Rule, *, since: datetime, until: datetime) -> QuerySet[Event]:
    """Real events of the period that fit the rule's condition."""
    asked = {name: getattr(rule, name) for name in CONDITION_FIELDS if getattr(rule, name)}
    return Event.objects.filter(
        workspace=rule.workspace_id,
        is_test=False,
        erased_at__isnull=True,
        created_at__gte=since,
        created_at__lt=until,
        **asked,
    )


def reached(rule: Rule, emails: Iterable[str], *, also: Q | None = None) -> set[str]:
    """Those of the emails that the rule has reached or is about to reach.

    Shape: `also` names deliveries that count whatever became of them.
    """
    counts = UNFINISHED | Q(status=Status.COMPLETED) | (also or Q(pk__in=[]))
    rows = Delivery.objects.filter(
        counts, workspace=rule.workspace_id, email__in=list(emails), rule=rule
    )
    return set(rows.values_list("email", flat=True))


def email_in(rule: Rule, event: Event) -> str:
    """The email that the rule's current mapping finds in the event, or ''."""
    schema: dict[str, Any] = rule.current.mapping.schema if rule.current else {"fields": []}
    return email_of(schema, event.payload)


def _bounds(rule: Rule, *, since: datetime, until: datetime) -> tuple[int, int]:
    events = Event.objects.filter(workspace=rule.workspace_id)
    return id_before(events, since), id_after(events, until)
