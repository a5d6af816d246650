"""Finds history by what support people have at hand: an email, a user, a page or an id.

Why: whole values only, each by its index; a part of an email would scan every row.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q, QuerySet

from rules.facts import normalized_email

MOST_EVENTS = 1_000


def find_events(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """The events of this person, of this page, or with this id."""
    term = term.strip()
    if not term:
        return rows.none()
    return rows.filter(_same_address(term) | Q(user_id=term) | Q(page_id=term))


def find_deliveries(rows: QuerySet[Any], term: str, *, events: QuerySet[Any]) -> QuerySet[Any]:
    """The deliveries to this email, those of the events found, or the one with this id.

    Shape: `events` are the events that the person may see.
    """
    newest = find_events(events, term).order_by("-pk").values_list("pk", flat=True)
    return rows.filter(_same_address(term.strip()) | Q(event__in=list(newest[:MOST_EVENTS])))


def _same_address(term: str) -> Q:
    """Rows with this email or this public id; none where the term is neither."""
    fits, email = Q(pk__in=[]), normalized_email(term)
    if email:
        fits |= Q(email=email)
    try:
        return fits | Q(uuid=uuid.UUID(term))
    except ValueError:
        return fits
