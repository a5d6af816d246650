"""What importing a file of rules would do to a workspace: created, changed, the same, skipped.

Reads only; connections and targets are found again by their names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from connections.models import Connection
from meshes.models import Workspace
from rules.drafts import RuleDraft, checked
from rules.errors import Refused
from rules.models import CONDITION_FIELDS, Rule
from rules.rules_file import Entry
from rules.targets import action_of, target_named, targets_labelled

Fate = Literal["create", "change", "same", "skip"]
TargetName = tuple[str, str, str]
"""The file's connection, `tag` or `list`, and the target's name there."""

COMPARED = (*CONDITION_FIELDS, "name", "action", "target_id", "resubscribe", "restart", "active")
IDENTITY = (*CONDITION_FIELDS, "connection_id", "action", "target_id")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose where names alone did not tell.

    Shape: `connections` by the file's name; `targets` are typed names.
    """

    connections: Mapping[str, UUID] = field(default_factory=dict)
    targets: Mapping[TargetName, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One rule of the file and what becomes of it.

    Shape: `bound` says how its target was found, `why` why it is skipped,
    `changed` names what an existing rule would say differently.
    """

    entry: Entry
    fate: Fate
    draft: RuleDraft | None = None
    rule: Rule | None = None
    bound: str = ""
    why: str = ""
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole file held against the workspace.

    Shape: `open_connections` and `open_targets` are the names that nobody
    could bind; `bound` are the connections that were found.
    """

    rules: tuple[Planned, ...]
    bound: Mapping[str, Connection]
    open_connections: tuple[str, ...]
    open_targets: tuple[TargetName, ...]

    def count(self, fate: Fate) -> int:
        """How many rules of the file meet this fate."""
        return sum(one.fate == fate for one in self.rules)


def plan(entries: Sequence[Entry], *, workspace: Workspace, choices: Choices) -> Plan:
    """What importing the entries would do now."""
    bound = _connections(entries, workspace, choices)
    targets = _targets(entries, bound, choices)
    existing = Existing(workspace)
    rules = tuple(_planned(entry, workspace, bound, targets, existing) for entry in entries)
    names = dict.fromkeys(entry.connection for entry in entries)
    wanted = dict.fromkeys(_wanted(entries, bound))
    return Plan(
        rules=rules,
        bound=bound,
        open_connections=tuple(name for name in names if name not in bound),
        open_targets=tuple(key for key in wanted if key not in targets),
    )


class Existing:
    """The workspace's rules, each to be taken for one entry at most."""

    def __init__(self, workspace: Workspace) -> None:
        rules = Rule.objects.live().filter(workspace=workspace)
        related = rules.select_related("connection")
        self._free: dict[UUID, Rule] = {rule.pk: rule for rule in related}
        self._by_identity: defaultdict[tuple[object, ...], list[UUID]] = defaultdict(list)
        self._by_name: defaultdict[str, list[UUID]] = defaultdict(list)
        for rule in self._free.values():
            self._by_identity[tuple(getattr(rule, name) for name in IDENTITY)].append(rule.pk)
            self._by_name[rule.name].append(rule.pk)

    def take(self, draft: RuleDraft) -> Rule | None:
        """The rule that the draft is about: one that does the same, else one of its name."""
        said = [getattr(draft, name) for name in CONDITION_FIELDS]
        identity = (*said, draft.connection.pk, draft.action, draft.target_id)
        for pk in (*self._by_identity.get(identity, ()), *self._by_name.get(draft.name, ())):
            if pk in self._free:
                return self._free.pop(pk)
        return None


def _planned(
    entry: Entry,
    workspace: Workspace,
    bound: Mapping[str, Connection],
    targets: Mapping[TargetName, tuple[str, str]],
    existing: Existing,
) -> Planned:
    connection = bound.get(entry.connection)
    if connection is None:
        why = f"No connection is chosen for “{entry.connection}”."
        return Planned(entry=entry, fate="skip", why=why)
    target_id, words = "", ""
    action = action_of(connection.kind, entry.action)
    if action is not None and action.needs_target and entry.target:
        key = (entry.connection, action.target_kind, entry.target)
        if key not in targets:
            why = f"{connection.name} has no {action.target_kind} called “{entry.target}”."
            return Planned(entry=entry, fate="skip", why=why)
        target_id, label = targets[key]
        words = f"{action.target_kind} “{label}” of {connection.name}, number {target_id} there"
    return _decided(entry, _draft(entry, workspace, connection, target_id), words, existing)


def _draft(entry: Entry, workspace: Workspace, connection: Connection, target_id: str) -> RuleDraft:
    same = (*CONDITION_FIELDS, "name", "action", "resubscribe", "restart", "active")
    values = {name: getattr(entry, name) for name in same}
    return RuleDraft(workspace=workspace, connection=connection, target_id=target_id, **values)


def _decided(entry: Entry, draft: RuleDraft, words: str, existing: Existing) -> Planned:
    try:
        draft = checked(draft)
    except Refused as refusal:
        place = f"{refusal.field}: " if refusal.field else ""
        return Planned(entry=entry, fate="skip", why=f"{place}{refusal.message}", bound=words)
    rule = existing.take(draft)
    if rule is None:
        return Planned(entry=entry, fate="create", draft=draft, bound=words)
    changed = [name for name in COMPARED if getattr(rule, name) != getattr(draft, name)]
    if rule.connection_id != draft.connection.pk:
        changed.append("connection")
    fate: Fate = "change" if changed else "same"
    told = tuple(_words(name) for name in changed)
    return Planned(entry=entry, fate=fate, draft=draft, rule=rule, bound=words, changed=told)


def _words(name: str) -> str:
    return {"target_id": "tag or list", "restart": "start again", "active": "on or off"}.get(
        name, name.replace("_", " ")
    )


def _connections(
    entries: Iterable[Entry], workspace: Workspace, choices: Choices
) -> dict[str, Connection]:
    """The workspace's connection for each name of the file, as far as it is clear."""
    live = Connection.objects.live().filter(workspace=workspace).select_related("account")
    by_id = {each.pk: each for each in live.order_by("name")}
    by_name = {each.name.casefold(): each for each in by_id.values()}
    found: dict[str, Connection] = {}
    for name in dict.fromkeys(entry.connection for entry in entries):
        chosen = by_id.get(choices.connections.get(name)) or by_name.get(name.casefold())
        if chosen is not None:
            found[name] = chosen
    return found


def _wanted(entries: Iterable[Entry], bound: Mapping[str, Connection]) -> Iterable[TargetName]:
    for entry in entries:
        connection = bound.get(entry.connection)
        action = action_of(connection.kind, entry.action) if connection else None
        if action is not None and action.needs_target and entry.target:
            yield entry.connection, action.target_kind, entry.target


def _targets(
    entries: Iterable[Entry], bound: Mapping[str, Connection], choices: Choices
) -> dict[TargetName, tuple[str, str]]:
    """Id and name in the account of each target that was found by its name."""
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for connection, kind, name in _wanted(entries, bound):
        names[connection, kind].add(name)
    found: dict[TargetName, tuple[str, str]] = {}
    for (connection, kind), wanted in names.items():
        held = targets_labelled(bound[connection], kind=kind, labels=wanted)
        for name in wanted:
            typed = choices.targets.get((connection, kind, name), "").strip()
            entry = held.get(name)
            if typed:
                entry = target_named(bound[connection], kind=kind, text=typed)
            if entry is not None:
                found[connection, kind, name] = (entry.external_id, entry.label)
    return found
