"""Finds a page of events for the API, newest first, in time that does not grow with the history.

A search that no index answers alone looks at a bounded number of rows, so that a page may
hold fewer events than were asked for and still say where to go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.db.models import Q, QuerySet

from deliveries.event_status import HELD, with_status
from deliveries.models import IS_HELD_SQL, NOT_COMPLETED_SQL, Delivery, Event, Status
from deliveries.seeking import Asked, Place, Way, along_index, seek
from rules.facts import DEFAULT_RESOURCE

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
OF_RESOURCE = f"NOT (resource = '{DEFAULT_RESOURCE}')"
OF_RESOURCE_ID = "NOT (resource_id = '')"


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
class _Slice:
    """Events that may have a status, newest first; `ended_at` is the last when more may follow."""

    ids: Sequence[int]
    ended_at: int | None


def find_events(
    wanted: Wanted, *, workspaces: Sequence[UUID], before: int | None, size: int
) -> Page:
    """The next page of the workspaces' events that fit, below the id `before`."""
    rows = Event.objects.filter(is_test=False)
    if wanted.status is not None and len(workspaces) == 1:
        slices = _slices(wanted.status, workspaces[0], before=before, size=size)
        if slices is not None:
            return _among(rows, slices, wanted, size=size)
    place = Place(before=before, size=size, scan=SCANNED)
    found = seek(rows, list(_asked(wanted)), workspaces=workspaces, place=place)
    if found.ended_at is not None:
        return Page(found.ids, found.ended_at)
    return Page(found.ids, found.ids[-1] if found.older else None)


def _slices(
    status: Status, workspace: UUID, *, before: int | None, size: int
) -> Iterator[_Slice] | None:
    """The events that may have the status, by their deliveries; None when those are too many.

    Why: in slices, a page's worth first, as nearly always these are the page already.
    """
    rows = Delivery.objects.filter(workspace=workspace)
    if status in STUCK:
        return _along_events(rows.filter(status=status), before, size + 1)
    if status in NOT_BEGUN_OR_BUSY:
        unheld = along_index(rows.filter(status__in=NOT_BEGUN_OR_BUSY[status]), NOT_COMPLETED_SQL)
        ids = _few([unheld, along_index(rows.filter(HELD), IS_HELD_SQL)])
        return None if ids is None else _cut(ids, before, size + 1)
    return None


def _along_events(rows: QuerySet[Delivery], before: int | None, size: int) -> Iterator[_Slice]:
    """The newest events below the id, along the index that is in their order."""
    rows, looked = along_index(rows, STUCK_SQL).order_by("-event_id"), 0
    while looked < FEW:
        size = min(size, FEW - looked)
        below = rows if before is None else rows.filter(event_id__lt=before)
        ids = list(below.values_list("event_id", flat=True)[:size])
        before = ids[-1] if len(ids) == size else None
        yield _Slice(ids, before)
        if before is None:
            return
        looked, size = looked + size, size * 2


def _few(parts: Sequence[QuerySet[Delivery]]) -> list[int] | None:
    """All of their events, as no index gives what waits in the order of events; None for many."""
    found: set[int] = set()
    for rows in parts:
        ids = list(rows.order_by().values_list("event_id", flat=True)[: FEW + 1])
        if len(ids) > FEW:
            return None
        found.update(ids)
    return sorted(found, reverse=True)


def _cut(ids: Sequence[int], before: int | None, size: int) -> Iterator[_Slice]:
    """Those below the id, a page's worth first."""
    ids = [pk for pk in ids if before is None or pk < before]
    while ids:
        yield _Slice(ids[:size], None)
        ids, size = ids[size:], size * 2


def _among(rows: QuerySet[Event], slices: Iterable[_Slice], wanted: Wanted, *, size: int) -> Page:
    for asked in _asked(wanted):
        rows = rows.filter(asked.fits)
    found: list[int] = []
    ended_at = None
    for part in slices:
        fitting = rows.filter(pk__in=set(part.ids)).order_by("-pk")
        found += fitting.values_list("pk", flat=True)
        ended_at = part.ended_at
        if len(found) > size:
            return Page(tuple(found[:size]), found[size - 1])
    return Page(tuple(found), ended_at)


def _asked(wanted: Wanted) -> Iterator[Asked]:
    if wanted.event is not None:
        named = Q(event=wanted.event)
        yield Asked(named, (Way(named),), 40)
    if wanted.resource is not None:
        of_resource = Q(resource=wanted.resource)
        usual = wanted.resource == DEFAULT_RESOURCE
        yield Asked(of_resource, () if usual else (Way(of_resource, OF_RESOURCE),), 35)
    if wanted.resource_id is not None:
        with_id = Q(resource_id=wanted.resource_id)
        yield Asked(with_id, (Way(with_id, OF_RESOURCE_ID),), 45)
    if wanted.status is not None:
        yield Asked(with_status(wanted.status))
