"""Finds a page of events for the API, newest first, in time that does not grow with the history.

A search that no index answers alone looks at a bounded number of rows, so that a page may
hold fewer events than were asked for and still say where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from deliveries.event_status import MUST_HAVE, with_status
from deliveries.models import Delivery, Event, Status
from deliveries.seeking import Asked, Place, Way, seek

SCANNED = 5_000
FEW = 500
ENDED_SHORT = (Status.FAILED, Status.CANCELED)

# Letter by letter the conditions of partial indexes; SQLite uses them only then.
ENDED_SHORT_SQL = "status IN ('failed', 'canceled')"
NOT_COMPLETED_SQL = "NOT (status = 'completed')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the events of a list are narrowed by; None narrows nothing."""

    event: str | None = None
    resource: str | None = None
    resource_id: str | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Ids of events, newest first; below `goes_on_at` further ones may lie, None for the end."""

    ids: tuple[int, ...]
    goes_on_at: int | None


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Events that may have a status; `ended_at` is the oldest one when there may be more."""

    ids: Sequence[int]
    ended_at: int | None


def find_events(
    wanted: Wanted, *, workspaces: Sequence[UUID], before: int | None, size: int
) -> Page:
    """The next page of the workspaces' events that fit, below the id `before`."""
    rows = Event.objects.filter(is_test=False)
    if wanted.status is not None and len(workspaces) == 1:
        candidates = _candidates(wanted.status, workspaces[0], before)
        if candidates is not None:
            return _among(rows, candidates, wanted, size=size)
    place = Place(before=before, size=size, scan=SCANNED)
    found = seek(rows, list(_asked(wanted)), workspaces=workspaces, place=place)
    if found.ended_at is not None:
        return Page(found.ids, found.ended_at)
    return Page(found.ids, found.ids[-1] if found.older else None)


def _candidates(status: Status, workspace: UUID, before: int | None) -> _Candidates | None:
    """The events that may have the status, by their deliveries; None when those are too many."""
    if status not in MUST_HAVE:
        return None
    rows = Delivery.objects.filter(workspace=workspace, status__in=MUST_HAVE[status])
    if status not in ENDED_SHORT:
        return _all_candidates(_along(rows, NOT_COMPLETED_SQL), before)
    ended = _along(rows, ENDED_SHORT_SQL)
    ended = ended if before is None else ended.filter(event_id__lt=before)
    ids = list(ended.order_by("-event_id").values_list("event_id", flat=True)[:FEW])
    return _Candidates(ids, ids[-1] if len(ids) == FEW else None)


def _all_candidates(rows: QuerySet[Delivery], before: int | None) -> _Candidates | None:
    """All of them at once, as no index gives what has not ended in the order of events."""
    ids = list(rows.order_by().values_list("event_id", flat=True)[: FEW + 1])
    if len(ids) > FEW:
        return None
    return _Candidates([pk for pk in ids if before is None or pk < before], None)


def _along(rows: QuerySet[Delivery], partial: str) -> QuerySet[Delivery]:
    return rows.filter(RawSQL(partial, [], BooleanField()))  # noqa: S611


def _among(rows: QuerySet[Event], candidates: _Candidates, wanted: Wanted, *, size: int) -> Page:
    for asked in _asked(wanted):
        rows = rows.filter(asked.fits)
    found = rows.filter(pk__in=set(candidates.ids)).order_by("-pk")
    ids = list(found.values_list("pk", flat=True)[: size + 1])
    if len(ids) > size:
        return Page(tuple(ids[:size]), ids[size - 1])
    return Page(tuple(ids), candidates.ended_at)


def _asked(wanted: Wanted) -> Iterator[Asked]:
    if wanted.event is not None:
        named = Q(event=wanted.event)
        yield Asked(named, (Way(named),), 40)
    if wanted.resource is not None:
        yield Asked(Q(resource=wanted.resource))
    if wanted.resource_id is not None:
        yield Asked(Q(resource_id=wanted.resource_id))
    if wanted.status is not None:
        yield Asked(with_status(wanted.status))
