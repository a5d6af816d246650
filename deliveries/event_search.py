"""Finds a page of events for the API, newest first, in time that does not grow with the history.

A search that no index answers alone looks at a bounded number of rows, so that a page may
hold fewer events than were asked for and still say where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from deliveries.event_status import HELD, with_status
from deliveries.models import Delivery, Event, Status
from deliveries.seeking import Asked, Place, Way, seek

SCANNED = 5_000
FEW = 500
STUCK = (Status.RETRYING, Status.FAILED, Status.CANCELED)
NOT_BEGUN_OR_BUSY: Mapping[Status, tuple[Status, ...]] = MappingProxyType(
    {
        Status.PENDING: (Status.PENDING,),
        Status.PROCESSING: (Status.PENDING, Status.PROCESSING),
    }
)
"""For each of these, the statuses of which a delivery of the event has one unless one is held."""

# Letter by letter the conditions of partial indexes; SQLite uses them only then.
STUCK_SQL = "status IN ('retrying', 'failed', 'canceled')"
NOT_COMPLETED_SQL = "NOT (status = 'completed')"
HELD_SQL = "NOT (held_reason = '')"


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
    rows = Delivery.objects.filter(workspace=workspace)
    if status in STUCK:
        return _next_candidates(rows.filter(status=status), before)
    if status in NOT_BEGUN_OR_BUSY:
        unheld = _along(rows.filter(status__in=NOT_BEGUN_OR_BUSY[status]), NOT_COMPLETED_SQL)
        return _all_candidates([unheld, _along(rows.filter(HELD), HELD_SQL)], before)
    return None


def _next_candidates(rows: QuerySet[Delivery], before: int | None) -> _Candidates:
    """The newest events below the id, along the index that is in their order."""
    rows = _along(rows, STUCK_SQL)
    rows = rows if before is None else rows.filter(event_id__lt=before)
    ids = list(rows.order_by("-event_id").values_list("event_id", flat=True)[:FEW])
    return _Candidates(ids, ids[-1] if len(ids) == FEW else None)


def _all_candidates(parts: Sequence[QuerySet[Delivery]], before: int | None) -> _Candidates | None:
    """All of them at once, as no index gives what waits in the order of events."""
    found: set[int] = set()
    for rows in parts:
        ids = list(rows.order_by().values_list("event_id", flat=True)[: FEW + 1])
        if len(ids) > FEW:
            return None
        found.update(ids)
    return _Candidates([pk for pk in found if before is None or pk < before], None)


def _along(rows: QuerySet[Delivery], partial: str) -> QuerySet[Delivery]:
    """The rows, in words by which the partial index is found."""
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
