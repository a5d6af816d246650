"""What looks wrong about a workspace's rules, in plain sentences.

Pure: rules and what the accounts hold go in, warnings come out; nothing is read or changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import combinations, pairwise, product
from typing import Literal
from uuid import UUID

from rules.facts import DEFAULT_RESOURCE, canonical_step
from rules.matching import CONDITIONS
from rules.next_step import is_number, number_pattern

Kind = Literal["same_target", "fighting", "never_matches", "step_gap", "target_gone", "unused_tag"]
TargetKey = tuple[int, str, str]

COMPARED = 100
NAMED = 3
ASKED = {
    "event": "event",
    "resource": "resource",
    "resource_id": "resource ID",
    "page_id": "page ID",
    "sequence_step": "step",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRule:
    """One rule as the linter sees it.

    Shape: `doing` is the action in words without its target, such as `add tag`.
    """

    id: UUID
    name: str
    event: str
    resource: str = ""
    resource_id: str = ""
    page_id: str = ""
    sequence_step: str = ""
    account_id: int
    connection: str
    connection_gone: bool = False
    action: str
    doing: str
    effect: str
    target_kind: str
    target_id: str = ""
    target_label: str = ""
    active: bool = True
    held: bool = False

    @property
    def target(self) -> TargetKey:
        """What the rule changes, as the account knows it."""
        return self.account_id, self.target_kind, self.target_id

    @property
    def sequence(self) -> tuple[str, str, str]:
        """The milestone path that the rule is a step of."""
        return self.event, self.resource, self.resource_id


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules are held against.

    Shape: `held` maps each target of the accounts that were read to its
    name; no keys of events or resources means that nobody keeps a list.
    """

    held: Mapping[TargetKey, str] = field(default_factory=dict)
    accounts: Mapping[int, str] = field(default_factory=dict)
    event_types: frozenset[str] = frozenset()
    resource_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing to look at; `rules` are those that it is about."""

    kind: Kind
    sentence: str
    rules: tuple[LintRule, ...] = ()


def lint(rules: Iterable[LintRule], around: Surroundings) -> tuple[Warned, ...]:
    """Every warning about one workspace's rules, the gravest kind first."""
    every = list(rules)
    active = [rule for rule in every if rule.active]
    return (
        *_never(active, around),
        *_gone(active, around),
        *_fighting(active),
        *_same_target(active),
        *_gaps(every),
        *_unused(every, around),
    )


def overlap(one: LintRule, other: LintRule) -> bool:
    """Whether one event can match both."""
    pairs = ((getattr(one, name), getattr(other, name)) for name in CONDITIONS)
    return all(not a or not b or a == b for a, b in pairs)


def named(rules: Sequence[LintRule]) -> str:
    """`“A”`, `“A” and “B”`, `“A”, “B”, “C” and 4 more rules`."""
    more = len(rules) - NAMED
    names = _listed([rule.name for rule in rules])
    return f"{names} rule{'s' if more > 1 else ''}" if more > 0 else names


def _never(rules: Iterable[LintRule], around: Surroundings) -> Iterator[Warned]:
    for rule in rules:
        why = _why_never(rule, around)
        if why:
            yield Warned("never_matches", f"“{rule.name}” {why}", (rule,))


def _why_never(rule: LintRule, around: Surroundings) -> str:
    if rule.connection_gone:
        return "can never match: its connection was deleted. Choose another connection."
    for name in CONDITIONS:
        text = getattr(rule, name)
        if text != text.strip():
            return (
                f"asks for the {ASKED[name]} “{text}” with a space at its edge, which hardly any "
                "event says. Remove the space."
            )
    if canonical_step(rule.sequence_step) != rule.sequence_step:
        return "can never match: events spell its step differently. Open it and save it again."
    return _unlisted("event", rule.event, around.event_types) or _unlisted(
        "resource", rule.resource, around.resource_types | {DEFAULT_RESOURCE, ""}
    )


def _unlisted(what: str, key: str, listed: frozenset[str]) -> str:
    kept = listed - {DEFAULT_RESOURCE, ""}
    if not kept or key in listed:
        return ""
    close = get_close_matches(key, sorted(kept), n=1)
    meant = f" Did you mean “{close[0]}”?" if close else ""
    return (
        f"can never match, going by the workspace's list of {what}s: “{key}” is not an active "
        f"one of them.{meant}"
    )


def _gone(rules: Iterable[LintRule], around: Surroundings) -> Iterator[Warned]:
    for rule in rules:
        read = rule.account_id in around.accounts and rule.target_kind != "contact"
        if read and not rule.held and not rule.connection_gone and rule.target not in around.held:
            yield Warned(
                "target_gone",
                f"“{rule.name}” names the {rule.target_kind} “{rule.target_label}”, which "
                f"{rule.connection} does not hold any more. Choose another one.",
                (rule,),
            )


def _fighting(rules: Iterable[LintRule]) -> Iterator[Warned]:
    for group in _grouped(rules, lambda rule: rule.target):
        adds = [rule for rule in group if rule.effect == "add"][:COMPARED]
        removes = [rule for rule in group if rule.effect == "remove"][:COMPARED]
        for one, other in product(adds, removes):
            if overlap(one, other):
                yield Warned(
                    "fighting",
                    f"“{one.name}” adds the {one.target_kind} “{one.target_label}” and "
                    f"“{other.name}” removes it, and one event can match both: it is removed "
                    "first, then added. Narrow one of the two.",
                    (one, other),
                )
                break


def _same_target(rules: Iterable[LintRule]) -> Iterator[Warned]:
    for group in _grouped(rules, lambda rule: (rule.action, rule.target)):
        if len(group) < 2:
            continue
        pair = next((p for p in combinations(group[:COMPARED], 2) if overlap(*p)), None)
        if group[0].target_kind == "contact":
            if pair:
                yield Warned("same_target", f"One event can match both {_same_work(pair)}", pair)
            continue
        target = f"{group[0].doing} “{group[0].target_label}” in {group[0].connection}"
        words = f"{named(group)} {'both' if len(group) == 2 else 'all'} {target}"
        if pair and len(group) == 2:
            words += ", and one event can match both"
        elif pair:
            words += f", and one event can match both {named(pair)}"
        yield Warned("same_target", f"{words}.", tuple(group))


def _same_work(pair: tuple[LintRule, LintRule]) -> str:
    one = pair[0]
    return f"{named(pair)}; each does the same work, {one.doing} in {one.connection}."


def _gaps(rules: Iterable[LintRule]) -> Iterator[Warned]:
    stepped = [rule for rule in rules if is_number(rule.sequence_step)]
    for group in _grouped(stepped, lambda rule: rule.sequence):
        of_step: defaultdict[int, list[LintRule]] = defaultdict(list)
        for rule in group:
            of_step[int(rule.sequence_step)].append(rule)
        on = sorted(step for step, some in of_step.items() if any(rule.active for rule in some))
        path = group[0].resource_id or group[0].resource or group[0].event
        for low, high in pairwise(on):
            if high - low > 1:
                off = [rule for step in of_step if low < step < high for rule in of_step[step]]
                around = (*of_step[low], *off, *of_step[high])
                yield Warned("step_gap", _gap_words(path, low, high, off), around)


def _gap_words(path: str, low: int, high: int, off: Sequence[LintRule]) -> str:
    one = high - low == 2
    missing = f"Step {low + 1}" if one else f"Steps {low + 1} to {high - 1}"
    has = "has" if one else "have"
    words = f"{missing} of {path} {has} no rule that is on, between steps {low} and {high}."
    if off:
        words += f" {named(off)} {'is' if len(off) == 1 else 'are'} off."
    return words


def _unused(rules: Iterable[LintRule], around: Surroundings) -> Iterator[Warned]:
    """Tags whose name follows the pattern of used ones, but that no rule names."""
    used = {rule.target for rule in rules if rule.target_kind == "tag"}
    siblings: dict[tuple[int, str], str] = {}
    for key in sorted(used & around.held.keys()):
        label = around.held[key]
        if number_pattern(label) != label.strip().casefold():
            siblings.setdefault((key[0], number_pattern(label)), label)
    idle: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for key, label in around.held.items():
        if key[1] == "tag" and key not in used:
            idle[key[0], number_pattern(label)].append(label)
    for (account, pattern), labels in idle.items():
        if (account, pattern) in siblings:
            tags = f"tag{'s' if len(labels) > 1 else ''} {_listed(sorted(labels))}"
            yield Warned(
                "unused_tag",
                f"No rule uses the {tags} of {around.accounts[account]}, though rules use "
                f"tags of this kind, such as “{siblings[account, pattern]}”.",
            )


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names[:NAMED]]
    if len(names) > NAMED:
        return f"{', '.join(quoted)} and {len(names) - NAMED} more"
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _grouped(
    rules: Iterable[LintRule], key: Callable[[LintRule], Hashable]
) -> Iterator[list[LintRule]]:
    groups: defaultdict[Hashable, list[LintRule]] = defaultdict(list)
    for rule in rules:
        groups[key(rule)].append(rule)
    yield from groups.values()
