"""The milestone funnel of one sequence: how far its events got, step by step and week by week.

Reads the hourly counts alone, by range on their index, so that a million events cost as
much as a thousand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, IntegerField, Sum, Value, When
from django.utils import timezone

from deliveries.event_hours import STAGES
from deliveries.models import EventHour
from deliveries.rollups import hour_of
from rules.models import Rule
from rules.next_step import is_number

WEEKS = 8
SEEN_WITHIN = timedelta(days=7)
MOST_SEQUENCES = 200
MOST_STEPS = 100
MOST_MISSING = 20


@dataclass(slots=True)
class Step:
    """One step of a sequence.

    Shape: `weeks` has the counts by the names of `STAGES`, oldest first; `pages` are the
    ids of the pages that it was completed on; `rules` are the active ones for it alone.
    """

    event: str
    step: str
    weeks: list[Counter[str]]
    pages: set[str] = field(default_factory=set)
    rules: list[str] = field(default_factory=list)

    @property
    def total(self) -> Counter[str]:
        """The counts of all weeks."""
        return sum(self.weeks, Counter[str]())

    @property
    def missing(self) -> bool:
        """Whether nothing came and no rule waits for it."""
        return not self.rules and not any(self.weeks)


@dataclass(frozen=True, slots=True)
class Funnel:
    """The steps of a sequence in their order, the missing ones included."""

    weeks: tuple[datetime, ...]
    steps: tuple[Step, ...]


def sequences_of(workspace_id: UUID, *, now: datetime) -> list[str]:
    """The sequences that rules name or that events came for in the last seven days."""
    rules = Rule.objects.live().filter(workspace=workspace_id).exclude(resource_id="")
    named = rules.order_by().values_list("resource_id", flat=True).distinct()
    since = hour_of(now - SEEN_WITHIN)
    seen = EventHour.objects.filter(workspace=workspace_id, hour__gte=since).order_by()
    came = seen.exclude(resource_id="").values_list("resource_id", flat=True).distinct()
    return sorted({*named[:MOST_SEQUENCES], *came[:MOST_SEQUENCES]})


def funnel_of(workspace_id: UUID, sequence: str, *, now: datetime) -> Funnel:
    """The last eight weeks of the sequence, with one statement for the counts.

    Shape: of more than a hundred steps the first hundred are told.
    """
    weeks = weeks_before(now, WEEKS)
    steps: dict[tuple[str, str], Step] = {}
    for row in _sums(workspace_id, sequence, weeks):
        event, page, step, week, *counts = row
        one = _step(steps, event, step)
        one.weeks[week].update(dict(zip(STAGES, counts, strict=True)))
        one.pages.add(page)
    _add_rules(steps, workspace_id, sequence)
    _add_missing(steps)
    ordered = sorted(steps.values(), key=_in_order)
    return Funnel(tuple(weeks), tuple(ordered[:MOST_STEPS]))


def end_of(week: datetime) -> datetime:
    """When the week ends, whatever the clocks do in it."""
    local = timezone.localtime(week) + timedelta(days=7)
    return hour_of(timezone.make_aware(local.replace(tzinfo=None)))


def weeks_before(now: datetime, count: int) -> list[datetime]:
    """When each of the last weeks began, oldest first: on Mondays in the viewer's zone.

    Shape: whole UTC hours, as the counts are by those; the last one is the present week.
    """
    local = timezone.localtime(now)
    monday = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    monday -= timedelta(days=local.weekday())
    back = (monday - timedelta(weeks=n) for n in range(count - 1, -1, -1))
    return [hour_of(timezone.make_aware(begin)) for begin in back]


def _sums(
    workspace_id: UUID, sequence: str, weeks: Sequence[datetime]
) -> Iterable[tuple[str, str, str, int, int, int, int, int]]:
    begun = [When(hour__gte=begin, then=Value(n)) for n, begin in enumerate(weeks)]
    week = Case(*reversed(begun), default=Value(0), output_field=IntegerField())
    rows = EventHour.objects.filter(
        workspace=workspace_id, resource_id=sequence, hour__gte=weeks[0]
    )
    places = rows.order_by().annotate(week=week)
    grouped = places.values("event", "page_id", "sequence_step", "week")
    summed = grouped.annotate(**{f"sum_{name}": Sum(name) for name in STAGES})
    return summed.values_list(
        "event", "page_id", "sequence_step", "week", *(f"sum_{name}" for name in STAGES)
    )


def _step(steps: dict[tuple[str, str], Step], event: str, step: str) -> Step:
    empty = [Counter[str]() for _ in range(WEEKS)]
    return steps.setdefault((event, step), Step(event, step, empty))


def _add_rules(steps: dict[tuple[str, str], Step], workspace_id: UUID, sequence: str) -> None:
    rules = Rule.objects.enabled().filter(workspace=workspace_id, resource_id=sequence)
    named = rules.exclude(sequence_step="").order_by("name")
    for event, step, name in named.values_list("event", "sequence_step", "name")[:1_000]:
        _step(steps, event, step).rules.append(name)


def _add_missing(steps: dict[tuple[str, str], Step]) -> None:
    """The numbers between the first and the last step that nothing says anything about."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for event, step in steps:
        if is_number(step):
            numbers[event].append(int(step))
    for event, known in numbers.items():
        reach = range(min(known), min(max(known), min(known) + MOST_STEPS))
        for number in [n for n in reach if n not in known][:MOST_MISSING]:
            _step(steps, event, str(number))


def _in_order(one: Step) -> tuple[str, int, int, str]:
    counts = is_number(one.step)
    return one.event, 0 if counts else 1, int(one.step) if counts else 0, one.step
