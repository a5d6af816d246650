"""Ways to the events of one combination of name, page, step and sequence, along an index.

Why: the page leads where there is one and pages are few; else the event's name does.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from deliveries.id_bounds import id_after, id_before
from deliveries.models import Event
from deliveries.searching import OF_PAGE
from deliveries.seeking import BRANCHES, Asked, Place, Way, seek

RANK = 90


def along(fits: Q, *, event: str, pages: Collection[str]) -> Asked:
    """Real events of this name that fit, found by their pages; no pages means any."""
    beside = fits & Q(is_test=False)
    fits = Q(event=event) & beside
    if pages and "" not in pages and len(pages) <= BRANCHES:
        by_page = tuple(Way(Q(page_id=page), OF_PAGE, beside=fits) for page in sorted(pages))
        return Asked(fits & Q(page_id__in=pages), by_page, RANK)
    if pages and len(pages) <= BRANCHES:
        beside &= Q(page_id__in=pages)
    return Asked(fits & beside, (Way(Q(event=event), beside=beside),), RANK)


def within(since: datetime, until: datetime | None = None) -> Asked:
    """Events received in this time."""
    period = Q(created_at__gte=since)
    above = id_before(Event.objects.all(), since)
    if until is None:
        return Asked(period=period, above=above)
    upto = id_after(Event.objects.all(), until)
    return Asked(period=period & Q(created_at__lt=until), above=above, upto=upto)


def came_since(moment: datetime, *, workspace_id: UUID, asked: Asked) -> bool:
    """Whether such an event came since; also where a bounded search cannot tell."""
    found = seek(
        Event.objects.all(),
        [asked, within(moment)],
        workspaces=[workspace_id],
        place=Place(size=1),
    )
    return bool(found.ids) or found.ended_at is not None
