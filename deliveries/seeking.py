"""Finds the newest rows of the history that fit, along an index; it counts nothing.

One question is answered by the index that was made for it. A combination looks at a
bounded number of rows and says how far back it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from meshes.hidden import shown
from meshes.models import Workspace

SCANNED = 20_000
BRANCHES = 20
FIRST_LOOK = 10
"""Rows looked at first for each row of a page."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to come by rows: along an index that ends with the id.

    Shape: `along` is what the index answers, `beside` what each row is asked
    then. `partial` repeats the condition of a partial index letter by letter,
    because SQLite uses the index only then. `by_workspace`: the index begins
    with the workspace.
    """

    along: Q = field(default_factory=Q)
    partial: str = ""
    beside: Q = field(default_factory=Q)
    by_workspace: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a list is narrowed by.

    Shape: `fits` is all of it; `ways` lead to the rows, none when only a look
    at each row tells; of several the highest `rank` leads. A `period` is
    asked along the way; its ids lie above `above` and up to `upto`.
    """

    fits: Q = field(default_factory=Q)
    ways: tuple[Way, ...] = ()
    rank: int = 0
    period: Q = field(default_factory=Q)
    above: int = 0
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins, below an id, above one, or at the newest row, and its size.

    Units: `scan` is the most rows that a combination looks at.
    """

    before: int | None = None
    after: int | None = None
    size: int = 50
    scan: int = SCANNED


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of one page, newest first.

    Shape: `older` and `newer` say whether a further page may exist;
    `ended_at` is the id where a bounded search ended, None when it saw all.
    """

    ids: tuple[int, ...]
    older: bool
    newer: bool
    ended_at: int | None = None


def seek(
    rows: QuerySet[Any],
    asked: Sequence[Asked],
    *,
    workspaces: Sequence[UUID] | None,
    place: Place,
) -> Found:
    """The page of rows that fit everything asked.

    Shape: `workspaces` are those that may be seen, None for all.
    """
    branches = list(_branches(rows, asked, workspaces, place))
    first = min(place.scan, FIRST_LOOK * (place.size + 1))
    found = _looked(branches, place, scan=first)
    # What is common fills the page from the first rows; only the rest is looked for far back.
    if found.ended_at is not None and first < place.scan:
        return _looked(branches, place, scan=place.scan)
    return found


def along_index(rows: QuerySet[Any], condition: str) -> QuerySet[Any]:
    """The rows that fit the condition of a partial index, written as the index has it.

    Why: SQLite takes such an index only for a query that says the same without
    parameters.
    """
    return rows.filter(RawSQL(condition, [], BooleanField()))  # noqa: S611


@dataclass(frozen=True, slots=True)
class _Branch:
    """Rows along one index, and what each is asked beside it."""

    rows: QuerySet[Any]
    beside: Q


def _looked(branches: Sequence[_Branch], place: Place, *, scan: int) -> Found:
    """The page, after a look at so many rows at most."""
    upwards, size = place.after is not None, place.size
    end = _end(branches, share=max(1, scan // (len(branches) or 1)), upwards=upwards)
    ids = sorted(set(chain.from_iterable(_ids(b, end, upwards, size) for b in branches)))
    kept = ids[: size + 1] if upwards else ids[::-1][: size + 1]
    more, page = len(kept) > size, kept[:size]
    ended_at = None if more else end
    if upwards:
        page.reverse()
    beyond = more or ended_at is not None
    return Found(
        tuple(page),
        older=upwards or beyond,
        newer=beyond if upwards else place.before is not None,
        ended_at=ended_at,
    )


def _branches(
    rows: QuerySet[Any],
    asked: Sequence[Asked],
    workspaces: Sequence[UUID] | None,
    place: Place,
) -> Iterator[_Branch]:
    leading = max((each for each in asked if each.ways), key=lambda each: each.rank, default=None)
    rest = _all_of(each.fits for each in asked if each is not leading)
    ways = leading.ways if leading else (Way(by_workspace=workspaces is not None),)
    each = _each_of(workspaces) if any(way.by_workspace for way in ways) else ()
    parts = [part for way in ways for part in _parts(way, workspaces, each=each)]
    if len(parts) > BRANCHES:
        one = Way(beside=_any_of(way.along & way.beside for way in ways), by_workspace=False)
        parts = list(_parts(one, workspaces))
    for way in parts:
        found = _between(rows, asked, place).filter(way.along)
        if way.partial:
            found = along_index(found, way.partial)
        yield _Branch(found, way.beside & rest)


def _each_of(workspaces: Sequence[UUID] | None) -> Sequence[UUID]:
    """The workspaces to follow an index in; of all of them, as many as show that it is too many."""
    if workspaces is not None:
        return workspaces
    return list(Workspace.objects.values_list("pk", flat=True)[: BRANCHES + 1])


def _parts(
    way: Way, workspaces: Sequence[UUID] | None, *, each: Sequence[UUID] = ()
) -> Iterator[Way]:
    if not way.by_workspace and workspaces is None:
        # Not beside: so few rows are left out that the search needs no bound for them.
        yield Way(way.along & shown(), way.partial, way.beside, by_workspace=False)
        return
    if not way.by_workspace:
        seen = Q(workspace__in=list(workspaces or ()))
        yield Way(way.along, way.partial, way.beside & seen, by_workspace=False)
        return
    for workspace in each:
        yield Way(Q(workspace=workspace) & way.along, way.partial, way.beside)


def _between(rows: QuerySet[Any], asked: Sequence[Asked], place: Place) -> QuerySet[Any]:
    above = max((*(each.above for each in asked), place.after or 0))
    below = [each.upto + 1 for each in asked if each.upto is not None]
    below += [place.before] if place.before is not None else []
    found = rows.filter(_all_of(each.period for each in asked))
    found = found.filter(pk__gt=above) if above else found
    return found.filter(pk__lt=min(below)) if below else found


def _end(branches: Sequence[_Branch], *, share: int, upwards: bool) -> int | None:
    """The id where a bounded search ends so that no branch is read beyond its share."""
    order = "pk" if upwards else "-pk"
    ends: list[int] = []
    for branch in branches:
        if branch.beside:
            last = branch.rows.order_by(order).values_list("pk", flat=True)
            ends += last[share - 1 : share]
    if not ends:
        return None
    return min(ends) if upwards else max(ends)


def _ids(branch: _Branch, end: int | None, upwards: bool, size: int) -> list[int]:
    rows = branch.rows
    if end is not None:
        rows = rows.filter(pk__lte=end) if upwards else rows.filter(pk__gte=end)
    rows = rows.filter(branch.beside) if branch.beside else rows
    return list(rows.order_by("pk" if upwards else "-pk").values_list("pk", flat=True)[: size + 1])


def _all_of(parts: Iterator[Q]) -> Q:
    found = Q()
    for part in parts:
        found &= part
    return found


def _any_of(parts: Iterator[Q]) -> Q:
    found = Q()
    for part in parts:
        found |= part
    return found
