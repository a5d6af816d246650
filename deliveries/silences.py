"""Which events of a workspace usually come and have stopped, from the hourly counts.

Counts may lag behind when no worker ran, so each silence is held against the events themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max, Q, Sum

from deliveries import combinations
from deliveries.event_hours import place_of
from deliveries.models import EventHour
from deliveries.rhythm import BASE, EXPECTED_MIN, TOLD_WITHIN, Silence, may_be_silent, silence_in
from deliveries.rollups import hour_of

PLACES = ("event", "resource_id", "page_id", "sequence_step")
MOST = 20
MOST_NAMES = 100
WINDOW = BASE + TOLD_WITHIN

Hours = Counter[datetime]


@dataclass(frozen=True, slots=True)
class Source:
    """What falls silent: all events of a name, or those of one page and step.

    Shape: `whole` is about the name alone.
    """

    event: str
    resource_id: str = ""
    page_id: str = ""
    sequence_step: str = ""
    whole: bool = False

    @property
    def key(self) -> str:
        """A short name that no other source has."""
        places = (self.resource_id, self.page_id, self.sequence_step)
        return place_of(self.event) if self.whole else place_of(self.event, *places)

    def came_since(self, moment: datetime, *, workspace_id: UUID) -> bool:
        """Whether an event of it came since, by the events themselves."""
        fits, pages = Q(), set()
        if not self.whole:
            fits = Q(resource_id=self.resource_id, sequence_step=self.sequence_step)
            pages = {self.page_id}
        asked = combinations.along(fits, event=self.event, pages=pages)
        return combinations.came_since(moment, workspace_id=workspace_id, asked=asked)


@dataclass(frozen=True, slots=True)
class Silent:
    """A source and its silence."""

    source: Source
    silence: Silence


def silences_of(workspace_id: UUID, *, now: datetime) -> list[Silent]:
    """What is silent now, the most missed first; twenty at most.

    Shape: where all events of a name stay away, their pages are not told one by one.
    """
    doubted = _doubted(_newest(workspace_id, now), now)
    if not doubted.names and not doubted.pages:
        return []
    hours = _hours(workspace_id, doubted, now)
    found = [*_silent_in(hours, now)]
    found.sort(key=lambda one: (-one.silence.expected, one.source.key))
    true = (
        one
        for one in found
        if not one.source.came_since(one.silence.last, workspace_id=workspace_id)
    )
    return [one for one, _ in zip(true, range(MOST), strict=False)]


def _newest(workspace_id: UUID, now: datetime) -> list[tuple[str, str, datetime, int]]:
    """For each combination its name and page, its newest hour and how often it came."""
    hours = EventHour.objects.filter(workspace=workspace_id, hour__gte=hour_of(now) - WINDOW)
    grouped = hours.order_by().values(*PLACES).annotate(last=Max("hour"), n=Sum("accepted"))
    return list(grouped.values_list("event", "page_id", "last", "n"))


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Names of which nothing came lately, and pages of which nothing did."""

    names: frozenset[str]
    pages: dict[str, set[str]]

    @property
    def fits(self) -> Q:
        """The hours that are worth a look."""
        asked = Q(event__in=self.names)
        for event, some in list(self.pages.items())[:MOST_NAMES]:
            asked |= Q(event=event, page_id__in=some)
        return asked


def _doubted(rows: Iterable[tuple[str, str, datetime, int]], now: datetime) -> _Doubt:
    last_of: dict[str, datetime] = {}
    total: Counter[str] = Counter()
    pages: defaultdict[str, set[str]] = defaultdict(set)
    for event, page, last, count in rows:
        last_of[event] = max(last, last_of.get(event, last))
        total[event] += count
        if count >= EXPECTED_MIN and may_be_silent(last, now=now):
            pages[event].add(page)
    enough = (name for name, last in last_of.items() if may_be_silent(last, now=now))
    return _Doubt(frozenset(name for name in enough if total[name] >= EXPECTED_MIN), dict(pages))


def _hours(workspace_id: UUID, doubted: _Doubt, now: datetime) -> dict[Source, Hours]:
    rows = EventHour.objects.filter(
        doubted.fits, workspace=workspace_id, hour__gte=hour_of(now) - WINDOW
    )
    grouped = rows.order_by().values_list(*PLACES, "hour").annotate(n=Sum("accepted"))
    found: defaultdict[Source, Hours] = defaultdict(Counter)
    for event, resource_id, page_id, step, hour, count in grouped:
        found[Source(event, resource_id, page_id, step)][hour] += count
        if event in doubted.names:
            found[Source(event, whole=True)][hour] += count
    return found


def _silent_in(hours: dict[Source, Hours], now: datetime) -> Iterator[Silent]:
    judged = {source: silence_in(counts, now=now) for source, counts in hours.items()}
    whole = {source.event for source, silence in judged.items() if silence and source.whole}
    for source, silence in judged.items():
        if silence and (source.whole or source.event not in whole):
            yield Silent(source, silence)
