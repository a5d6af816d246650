"""From what a person filtered the history by to the deliveries of one workspace that fit.

A selection is stored as plain JSON, so that a job in the background reads it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from deliveries.models import UNFINISHED, Delivery, Event, Outcome, Status, Trigger
from deliveries.searching import MOST_EVENTS
from rules.facts import normalized_email

Selection = dict[str, str]

HELD = ~Q(held_reason="")
STATES = {
    "unfinished": ("Not finished and not held", Q(UNFINISHED, held_reason="")),
    "waiting": ("Waiting", Q(status=Status.PENDING, held_reason="")),
    "sending": ("Sending now", Q(status=Status.PROCESSING)),
    "retrying": ("Will try again", Q(status=Status.RETRYING, held_reason="")),
    "held": ("Held", HELD),
    "delivered": ("Delivered", Q(status=Status.COMPLETED)),
    "failed": ("Failed", Q(status=Status.FAILED)),
    "canceled": ("Canceled", Q(status=Status.CANCELED)),
}
AGO = {
    "1h": ("1 hour ago", timedelta(hours=1)),
    "24h": ("24 hours ago", timedelta(hours=24)),
    "7d": ("7 days ago", timedelta(days=7)),
    "30d": ("30 days ago", timedelta(days=30)),
}
KINDS = ("yes", "no")


class SelectionUnclear(Exception):
    """The filters say something that cannot be kept for later, named in a sentence."""


def selection_of(asked: Mapping[str, Any], *, now: datetime) -> Selection:
    """What the history list's filters and search select, to be kept as JSON.

    Shape: keys `status rule connection job outcome trigger event reason since
    until is_test` and, from the search, `email`, `page_id` or `id`; moments are absolute.
    Raises: SelectionUnclear.
    """
    found = {
        "status": _one_of(asked, "status", STATES),
        "outcome": _one_of(asked, "outcome", Outcome.values),
        "is_test": _one_of(asked, "is_test", KINDS),
        "trigger": _one_of(asked, "trigger", Trigger.values),
        "event": str(asked.get("event") or ""),
        "reason": str(asked.get("reason") or ""),
        "rule": _id(asked, "rule"),
        "connection": _id(asked, "connection"),
        "job": str(int(job)) if (job := str(asked.get("job") or "")).isdecimal() else "",
        "since": _moment(asked, "since", now),
        "until": _moment(asked, "until", now),
        **_searched(str(asked.get("q") or "").strip()),
    }
    return {name: value for name, value in found.items() if value}


def selected(selection: Selection, *, workspace_id: UUID) -> QuerySet[Delivery]:
    """The workspace's deliveries that fit all of the selection.

    Why: a value that was blanked when a person was erased must select
    nothing, for without it the selection would be everything.
    """
    rows = Delivery.objects.filter(workspace=workspace_id)
    if not all(selection.values()):
        return rows.none()
    for name, value in selection.items():
        rows = rows.filter(_about(value, workspace_id) if name == "email" else FITS[name](value))
    return rows


def moment_in(text: str, *, now: datetime) -> datetime | None:
    """The moment that a filter names: `24h` ago, or a date and time; None for neither.

    Shape: a time without a zone is one of the viewer's.
    """
    if text in AGO:
        return now - AGO[text][1]
    try:
        moment = parse_datetime(text) or parse_datetime(f"{text}T00:00")
    except ValueError:
        return None
    if moment is None or moment.year not in YEARS:
        return None
    return (timezone.make_aware(moment) if timezone.is_naive(moment) else moment).astimezone(UTC)


YEARS = range(1970, 9000)
"""Beyond these, no row was received, and times cannot be reckoned with in every zone."""
FITS: dict[str, Any] = {
    "status": lambda value: STATES[value][1],
    "outcome": lambda value: Q(last_outcome=value),
    "is_test": lambda value: Q(is_test=value == "yes"),
    "trigger": lambda value: Q(trigger=value),
    "event": lambda value: Q(event_name=value),
    "reason": lambda value: Q(reason=value) | Q(held_reason=value),
    "rule": lambda value: Q(rule=value),
    "connection": lambda value: Q(connection=value),
    "job": lambda value: Q(job=value),
    "since": lambda value: Q(created_at__gte=value),
    "until": lambda value: Q(created_at__lt=value),
    "page_id": lambda value: Q(page_id=value),
    "id": lambda value: Q(uuid=value) | Q(event__in=Event.objects.filter(uuid=value).values("pk")),
}


def _about(email: str, workspace_id: UUID) -> Q:
    """Deliveries to the address, and those of events that name it, as the search finds them."""
    events = Event.objects.filter(workspace=workspace_id, email=email).order_by("-pk")
    newest = list(events.values_list("pk", flat=True)[:MOST_EVENTS])
    return Q(workspace=workspace_id, email=email) | Q(event__in=newest)


def _searched(term: str) -> Selection:
    if not term:
        return {}
    email = normalized_email(term)
    if email:
        return {"email": email}
    if "@" in term:
        raise SelectionUnclear(f"“{term}” is no email address. Correct the search, then try again.")
    try:
        return {"id": str(uuid.UUID(term))}
    except ValueError:
        return {"page_id": term}


def _one_of(asked: Mapping[str, Any], name: str, known: Any) -> str:
    value = str(asked.get(name) or "")
    return value if value in known else ""


def _id(asked: Mapping[str, Any], name: str) -> str:
    value = str(asked.get(name) or "")
    try:
        return str(uuid.UUID(value)) if value else ""
    except ValueError:
        raise SelectionUnclear(f"The {name} is not known. Choose one from the filters.") from None


def _moment(asked: Mapping[str, Any], name: str, now: datetime) -> str:
    text = str(asked.get(name) or "")
    if not text:
        return ""
    moment = moment_in(text, now=now)
    if moment is None:
        raise SelectionUnclear(
            f"“{text}” is no date and time. Choose another {name} in the filters."
        )
    return moment.isoformat()
