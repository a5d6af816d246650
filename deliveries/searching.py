"""What support people have at hand, an email, a user, a page or an id, as ways to the rows.

Why: whole values only, each by its index; a part of an email would scan every row.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from deliveries.models import Delivery, Event
from deliveries.seeking import Asked, Place, Way, seek
from rules.facts import normalized_email

MOST_EVENTS = 1_000
RANK = 80
OF_USER = "NOT (user_id = '')"
OF_PAGE = "NOT (page_id = '')"


def events_asked(term: str) -> Asked:
    """The events of this person, of this page, or with this id."""
    term = term.strip()
    if not term:
        return Asked(fits=Q(pk__in=[]))
    return _any_of([*_persons(term), *_pages(term), *_ids(term)])


def deliveries_asked(term: str, *, workspaces: Sequence[UUID] | None) -> Asked:
    """The deliveries to this email or page, those of the person's events, or the one with this id.

    Shape: `workspaces` are those whose events the person may see, None for
    all. Of a person with more than a thousand events, the newest count.
    """
    term = term.strip()
    if not term:
        return Asked(fits=Q(pk__in=[]))
    persons = Asked(ways=(*_persons(term), *_ids(term)), rank=RANK)
    newest = seek(
        Event.objects.all(), [persons], workspaces=workspaces, place=Place(size=MOST_EVENTS)
    )
    of_events = Delivery.objects.filter(event__in=newest.ids).values_list("pk", flat=True)
    theirs = Way(along=Q(pk__in=list(of_events)), by_workspace=False)
    email = [Way(along=Q(email=found))] if (found := normalized_email(term)) else []
    return _any_of([theirs, *email, *_pages(term), *_ids(term)])


def _persons(term: str) -> list[Way]:
    email = normalized_email(term)
    ways = [Way(along=Q(email=email))] if email else []
    return [*ways, Way(along=Q(user_id=term), partial=OF_USER)]


def _pages(term: str) -> list[Way]:
    return [Way(along=Q(page_id=term), partial=OF_PAGE)]


def _ids(term: str) -> list[Way]:
    try:
        return [Way(along=Q(uuid=uuid.UUID(term)), by_workspace=False)]
    except ValueError:
        return []


def _any_of(ways: list[Way]) -> Asked:
    fits = Q(pk__in=[])
    for way in ways:
        fits |= way.along
    return Asked(fits=fits, ways=tuple(ways), rank=RANK)
