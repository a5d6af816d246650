"""Evaluates past events once more against the rules of their time.

On purpose without `rules.matching`, whose mistakes it is to find. Reads only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, product
from uuid import UUID

from deliveries.models import Delivery, Event, Trigger
from rules.facts import canonical_page_id, canonical_step
from rules.models import CONDITION_FIELDS, RuleVersion

AT_ONCE = 500
Condition = tuple[str, ...]


@dataclass(slots=True)
class Rematched:
    """How many events were evaluated, and what does not fit."""

    checked: int = 0
    faults: list[str] = field(default_factory=list)


class RulesThen:
    """The rules of a workspace as they were at one version, moved forward only."""

    def __init__(self, workspace_id: UUID) -> None:
        rows = RuleVersion.objects.filter(workspace=workspace_id)
        rows = rows.order_by("rules_version", "number")
        names = ("rules_version", "rule_id", "matches", *CONDITION_FIELDS)
        self._coming = list(rows.values_list(*names))
        self._coming.reverse()
        self._asks: dict[UUID, Condition] = {}
        self._by_condition: defaultdict[Condition, set[UUID]] = defaultdict(set)

    def move_to(self, rules_version: int) -> None:
        """Apply every change up to this version."""
        while self._coming and self._coming[-1][0] <= rules_version:
            _, rule, matches, *condition = self._coming.pop()
            if rule in self._asks:
                self._by_condition[self._asks.pop(rule)].discard(rule)
            if matches:
                self._asks[rule] = tuple(condition)
                self._by_condition[tuple(condition)].add(rule)

    def wanting(self, event: Event) -> set[UUID]:
        """The rules that the event should have matched."""
        said = [getattr(event, name) for name in CONDITION_FIELDS[1:]]
        found: set[UUID] = set()
        for rest in product(*({value, ""} for value in said)):
            found |= self._by_condition.get((event.event, *rest), set())
        return found


def rematch(ids: Sequence[int]) -> Rematched:
    """What evaluating these events once more found."""
    done = Rematched()
    for workspace_id, some in groupby(_read(ids), key=lambda event: event.workspace_id):
        rules = RulesThen(workspace_id)
        for batch in _batches(list(some)):
            _compare(batch, rules, done)
    return done


def _read(ids: Sequence[int]) -> list[Event]:
    found: list[Event] = []
    for start in range(0, len(ids), AT_ONCE):
        found += Event.objects.filter(pk__in=ids[start : start + AT_ONCE])
    return sorted(found, key=lambda event: (event.workspace_id, event.rules_version, event.pk))


def _batches(events: list[Event]) -> Iterator[list[Event]]:
    for start in range(0, len(events), AT_ONCE):
        yield events[start : start + AT_ONCE]


def _compare(events: Collection[Event], rules: RulesThen, done: Rematched) -> None:
    have = _matched_then(events)
    for event in events:
        rules.move_to(event.rules_version)
        want = rules.wanting(event)
        done.checked += 1
        done.faults += [
            f"Event {event.pk} ({event.uuid}): {sentence}."
            for sentence in (*_missing(want, have[event.pk]), *_said_otherwise(event))
        ]


def _missing(want: set[UUID], have: set[UUID]) -> Iterator[str]:
    for rule in sorted(want - have):
        yield f"it fits the rule {rule} of that time and has no delivery of it"
    for rule in sorted(have - want):
        yield f"it has a delivery of the rule {rule}, which it did not fit at that time"


def _said_otherwise(event: Event) -> Iterator[str]:
    if event.erased_at is not None:
        return
    for name, canonical in (("page_id", canonical_page_id), ("sequence_step", canonical_step)):
        if getattr(event, name) != canonical(event.payload.get(name)):
            yield f"its column {name} is not what its payload says"


def _matched_then(events: Collection[Event]) -> defaultdict[int, set[UUID]]:
    """The rules by which each event's deliveries were made when it came.

    Why: those that a backfill made came later; an event and the deliveries
    that it brought share their moment to the microsecond. A backfill's may
    even seem earlier, where its worker's clock is behind.
    """
    came = {event.pk: event.created_at for event in events}
    rows = Delivery.objects.filter(event__in=came).exclude(trigger=Trigger.BACKFILL)
    have: defaultdict[int, set[UUID]] = defaultdict(set)
    for event_id, rule_id, created_at in rows.values_list("event", "rule", "created_at"):
        if created_at == came[event_id]:
            have[event_id].add(rule_id)
    return have
