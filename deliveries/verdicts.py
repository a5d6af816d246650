"""What every rule of the workspace said to an event, from the rules as they were when it came.

Computed on reading; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Case, Exists, IntegerField, OuterRef, QuerySet, When

from deliveries import wording
from deliveries.models import Delivery, Event, Trigger
from rules.facts import Facts
from rules.matching import Check, explain
from rules.models import Rule, RuleVersion

COMPARED = 1_000
SHOWN = 20
NAMES = {
    "event": "event name",
    "resource": "resource",
    "resource_id": "resource id",
    "page_id": "page id",
    "sequence_step": "step",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule said: a sentence, its color, and its place in the order."""

    text: str
    tone: str
    rank: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule said to the event.

    Shape: `then` is the rule as it was, or as it is when it came later;
    `differences` are the conditions that failed, in words; `delivery` is
    what came of a match.
    """

    then: Rule | RuleVersion
    said: Said
    differences: tuple[str, ...] = ()
    delivery: Delivery | None = None

    @property
    def rule(self) -> Rule:
        """The rule as it is today."""
        return self.then if isinstance(self.then, Rule) else self.then.rule

    @property
    def waits_for(self) -> str:
        """Its condition in words."""
        return wording.condition(self.then)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All that is told of an event: matches first, then the nearest misses.

    Shape: `more` verdicts are left out; `why` and `next_step` speak of an
    event that matched nothing, and are empty for others.
    """

    shown: tuple[Verdict, ...]
    more: int
    why: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class _Case:
    """One rule before the event."""

    then: Rule | RuleVersion
    failed: list[Check] = field(default_factory=list)
    delivery: Delivery | None = None


def verdicts_of(
    event: Event, deliveries: Iterable[Delivery], *, everything: bool = False
) -> Verdicts:
    """What every rule said, matches first, then the nearest misses.

    Shape: of more than a thousand rules, those for events of this name are told.
    """
    of_rule = {delivery.rule_id: delivery for delivery in deliveries}
    then = list(_then(event, of_rule))
    told = [Verdict(c.then, _said(event, c), _differences(c), c.delivery) for c in then]
    told += [
        Verdict(c.then, _said_later(c), _differences(c), c.delivery) for c in _later(event, of_rule)
    ]
    told.sort(key=lambda verdict: (verdict.said.rank, verdict.then.name))
    shown = tuple(told if everything else told[:SHOWN])
    more = len(told) - len(shown)
    return Verdicts(shown, more, *(("", "") if of_rule else _unmatched(event, then)))


def differences_of(then: Rule | RuleVersion, event: Event) -> tuple[str, ...]:
    """The conditions of the rule that the event does not meet, in words."""
    return _differences(_Case(then, _failed(then, _facts(event))))


def _then(event: Event, of_rule: Mapping[UUID, Delivery]) -> Iterator[_Case]:
    facts = _facts(event)
    for version in _versions(event)[:COMPARED]:
        yield _Case(version, _failed(version, facts), of_rule.get(version.rule_id))


def _versions(event: Event) -> QuerySet[RuleVersion]:
    """The version of each rule that was valid when the event came, those of its name first."""
    known = RuleVersion.objects.filter(
        workspace=event.workspace_id, rules_version__lte=event.rules_version
    )
    later = known.filter(rule=OuterRef("rule"), number__gt=OuterRef("number"))
    other_name = Case(When(event=event.event, then=0), default=1, output_field=IntegerField())
    found = known.filter(~Exists(later), rule__hidden=False)
    found = found.exclude(change=RuleVersion.Change.DELETED).select_related("rule")
    return found.order_by(other_name, "-matches", "name", "pk")


def _later(event: Event, of_rule: Mapping[UUID, Delivery]) -> Iterator[_Case]:
    """Rules for events of this name that came after the event and are there today."""
    known = RuleVersion.objects.filter(rules_version__lte=event.rules_version)
    rules = Rule.objects.live().filter(workspace=event.workspace_id, event=event.event)
    rules = rules.filter(~Exists(known.filter(rule=OuterRef("pk"))), hidden=False)
    facts = _facts(event)
    for rule in rules.order_by("name", "pk")[:COMPARED]:
        yield _Case(rule, _failed(rule, facts), of_rule.get(rule.pk))


def _said(event: Event, case: _Case) -> Said:
    then, misses = case.then, len(case.failed)
    on = isinstance(then, RuleVersion) and then.matches
    if case.delivery is not None:
        return _matched(case, on=on)
    if misses:
        off = "" if on else ", and it was off"
        return Said(f"It asks for something else{off}.", "off", 10 + 2 * misses + (not on))
    if event.is_test:
        return Said("It would match; a test is delivered for the tested rule alone.", "wait", 2)
    if not on:
        return Said("It would have matched, but it was off when this event came.", "wait", 2)
    return Said("It matched; its delivery went with old history.", "off", 1)


def _matched(case: _Case, *, on: bool) -> Said:
    if case.delivery and case.delivery.trigger == Trigger.TEST and not on:
        return Said("It was off; the test was delivered all the same.", "good", 0)
    if case.failed or not on:
        return Said("It did not match then; a backfill applied it later.", "good", 0)
    if case.then.held_reason:
        return Said("It matched while it was on hold, so its delivery waited.", "held", 0)
    return Said("It matched.", "good", 0)


def _said_later(case: _Case) -> Said:
    if case.delivery is not None:
        return Said("It was created later; a backfill applied it.", "good", 0)
    if case.failed:
        return Said("It was created after this event.", "off", 11 + 2 * len(case.failed))
    return Said("It would match, but it was created later; a backfill would apply it.", "wait", 3)


def _unmatched(event: Event, then: list[_Case]) -> tuple[str, str]:
    """Why nothing matched, and what to do."""
    on = [c.then for c in then if isinstance(c.then, RuleVersion) and c.then.matches]
    if any(version.event == event.event for version in on):
        return (
            f"Rules waited for {event.event}, but each asked for something that this event "
            "does not say.",
            "Correct the nearest rule below or have the product send what it asks for; "
            "a changed rule acts on the next event, not on this one.",
        )
    if on:
        return (
            f"No rule waited for events named {event.event}.",
            "Compare the name letter by letter with the one in your rules, "
            "or create a rule for it.",
        )
    return (
        "The workspace had no active rule when this event arrived.",
        f"Create a rule for {event.event}; it acts on the next event, not on this one.",
    )


def _facts(event: Event) -> Facts:
    return Facts(
        event=event.event,
        resource=event.resource,
        resource_id=event.resource_id,
        page_id=event.page_id,
        sequence_step=event.sequence_step,
    )


def _failed(then: Rule | RuleVersion, facts: Facts) -> list[Check]:
    return [check for check in explain(then, facts).checks if not check.ok]


def _differences(case: _Case) -> tuple[str, ...]:
    return tuple(map(_difference, case.failed))


def _difference(check: Check) -> str:
    said = f"says {check.actual}" if check.actual else "names none"
    return f"it asks for {NAMES[check.name]} {check.expected}, and the event {said}"
