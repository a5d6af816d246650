"""Finds history by what support people have at hand: an email, a user, a page or an id.

Why: whole values only, each by its index; a part of an email would scan every row.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from meshes.models import Workspace
from rules.facts import normalized_email

MOST_EVENTS = 1_000

# Literals, because SQLite uses a partial index only where the query repeats its condition.
PARTIAL = {
    column: [RawSQL(f"NOT ({column} = '')", [], BooleanField())]  # noqa: S611
    for column in ("user_id", "page_id")
}


def find_events(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """The events of this person, of this page, or with this id."""
    term = term.strip()
    if not term:
        return rows.none()
    return rows.filter(_fits(rows, {**_addresses(term), "user_id": term, "page_id": term}))


def find_deliveries(rows: QuerySet[Any], term: str, *, events: QuerySet[Any]) -> QuerySet[Any]:
    """The deliveries to this email, those of the events found, or the one with this id.

    Shape: `events` are the events that the person may see. Of a person with
    more than a thousand events, the newest thousand count.
    """
    term = term.strip()
    found = find_events(events, term).order_by("-pk").values_list("pk", flat=True)
    newest = list(found[:MOST_EVENTS])
    fits = _fits(rows, _addresses(term)) | Q(event__in=newest)
    # A page of many events fills a list by a plain scan, and counting ends early.
    return rows.filter(fits | Q(page_id=term) if len(newest) == MOST_EVENTS else fits)


def _addresses(term: str) -> dict[str, object]:
    email = normalized_email(term)
    found: dict[str, object] = {"email": email} if email else {}
    try:
        return {**found, "uuid": uuid.UUID(term)}
    except ValueError:
        return found


def _fits(rows: QuerySet[Any], values: dict[str, object]) -> Q:
    """Any of the columns has its value, each looked up by the index that it has.

    Why: the indexes begin with the workspace, and databases do not combine
    them for one condition over several columns.
    """
    workspaces, plain = list(Workspace.objects.values_list("pk", flat=True)), rows.model.objects
    fits = Q(pk__in=[])
    for column, value in values.items():
        one = plain.filter(workspace__in=workspaces, **{column: value})
        fits |= Q(pk__in=one.filter(*PARTIAL.get(column, ())).values("pk"))
    return fits
