"""Why an event matched no rule, from the rules as they were when it arrived."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from deliveries.models import Event
from rules.facts import Facts
from rules.matching import Check, explain
from rules.models import Rule, RuleVersion

COMPARED = 500
SHOWN = 5

NAMES = {
    "resource": "resource",
    "resource_id": "resource id",
    "page_id": "page id",
    "sequence_step": "step",
}


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that waited for events of this name but asked for something else."""

    rule: Rule
    name: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why nothing was sent, what to do next, and the rules that came closest."""

    why: str
    next_step: str
    near_misses: tuple[NearMiss, ...] = ()


def why_unmatched(event: Event) -> Unmatched:
    """The explanation for an event without deliveries."""
    rules = _rules_then(event)
    of_this_name = list(rules.filter(event=event.event).select_related("rule")[:COMPARED])
    if of_this_name:
        return Unmatched(
            f"Rules waited for {event.event}, but each asked for something that this event "
            "does not say.",
            "Correct the rule below or have the product send what it asks for; "
            "a changed rule acts on the next event, not on this one.",
            _nearest(event, of_this_name),
        )
    if rules.exists():
        return Unmatched(
            f"No rule waited for events named {event.event}.",
            "Compare the name letter by letter with the one in your rules, "
            "or create a rule for it.",
        )
    return Unmatched(
        "The workspace had no active rule when this event arrived.",
        f"Create a rule for {event.event}; it acts on the next event, not on this one.",
    )


def _rules_then(event: Event) -> QuerySet[RuleVersion]:
    """The version of each rule that was valid then, where events could match it."""
    known = RuleVersion.objects.filter(
        workspace=event.workspace_id, rules_version__lte=event.rules_version
    )
    later = known.filter(rule=OuterRef("rule"), number__gt=OuterRef("number"))
    return known.filter(~Exists(later), matches=True).order_by("name", "pk")


def _nearest(event: Event, versions: list[RuleVersion]) -> tuple[NearMiss, ...]:
    facts = Facts(
        event=event.event,
        resource=event.resource,
        resource_id=event.resource_id,
        page_id=event.page_id,
        sequence_step=event.sequence_step,
    )
    misses = [
        NearMiss(version.rule, version.name, tuple(map(_difference, _failed(version, facts))))
        for version in versions
    ]
    return tuple(sorted(misses, key=lambda miss: len(miss.differences))[:SHOWN])


def _failed(version: RuleVersion, facts: Facts) -> list[Check]:
    return [check for check in explain(version, facts).checks if not check.ok]


def _difference(check: Check) -> str:
    name = NAMES[check.name]
    said = f"says {check.actual}" if check.actual else "names none"
    return f"it asks for {name} {check.expected}, and the event {said}"
