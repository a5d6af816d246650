"""Which rules an event matches, and why a rule does or does not.

Pure: an index is built once and asked often; it reads no database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import product
from typing import Any, Literal, Protocol
from uuid import UUID

from rules.facts import Facts

CONDITIONS = tuple(field.name for field in fields(Facts))
EFFECT_ORDER = {"remove": 0, "sync": 1, "add": 2}

Key = tuple[str, ...]


class Conditional(Protocol):
    """Anything with the five conditions: a rule, a version of one, an index row."""

    @property
    def event(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def resource_id(self) -> str: ...
    @property
    def page_id(self) -> str: ...
    @property
    def sequence_step(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchableRule:
    """A rule that events may match, with all that a delivery of it needs.

    Shape: an empty condition asks nothing. `mapping_schema` is the pinned
    mapping, shared by the rules of a connection and never changed.
    """

    rule_id: UUID
    version_id: UUID
    name: str
    event: str
    resource: str = ""
    resource_id: str = ""
    page_id: str = ""
    sequence_step: str = ""
    connection_id: UUID
    connection_active: bool = True
    account_id: int
    action: str
    effect: Literal["add", "remove", "sync"]
    target_kind: Literal["tag", "list", "contact"]
    target_id: str = ""
    target_label: str = ""
    resubscribe: bool = False
    held_reason: str = ""
    mapping_id: UUID
    mapping_schema: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """What the index looks the rule up by."""
        return (self.event, self.resource, self.resource_id, self.page_id, self.sequence_step)


class RuleIndex:
    """The active rules of one workspace at one version, ready to be matched."""

    __slots__ = ("_rules", "rules_version", "size")

    def __init__(self, rules: Iterable[MatchableRule], *, rules_version: int) -> None:
        by_key: defaultdict[Key, list[MatchableRule]] = defaultdict(list)
        for rule in rules:
            by_key[rule.key].append(rule)
        self._rules = {key: tuple(found) for key, found in by_key.items()}
        self.rules_version = rules_version
        self.size = sum(map(len, self._rules.values()))

    def match(self, facts: Facts) -> tuple[MatchableRule, ...]:
        """The rules that the event matches, in the order of their lane.

        Shape: removals, then sync, then adds; among equals by rule id.
        Why: at most 16 lookups, however many rules there are.
        """
        found: list[MatchableRule] = []
        for key in _keys(facts):
            found.extend(self._rules.get(key, ()))
        return tuple(sorted(found, key=_lane_order))


@dataclass(frozen=True, slots=True)
class Check:
    """One condition held against an event; an empty `expected` asks nothing."""

    name: str
    expected: str
    actual: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a rule's condition fits an event, condition by condition."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every condition fits."""
        return all(check.ok for check in self.checks)


def explain(rule: Conditional, facts: Facts) -> Verdict:
    """Each condition of the rule beside what the event says."""
    return Verdict(tuple(_check(name, rule, facts) for name in CONDITIONS))


def _check(name: str, rule: Conditional, facts: Facts) -> Check:
    expected, actual = getattr(rule, name), getattr(facts, name)
    return Check(name, expected, actual, ok=expected in ("", actual))


def _keys(facts: Facts) -> Iterable[Key]:
    optional = (facts.resource, facts.resource_id, facts.page_id, facts.sequence_step)
    return product((facts.event,), *({value, ""} for value in optional))


def _lane_order(rule: MatchableRule) -> tuple[int, UUID]:
    return EFFECT_ORDER[rule.effect], rule.rule_id
