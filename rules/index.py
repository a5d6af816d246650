"""The rules of each workspace in memory, one picture per version.

Why: an event names the version that its workspace has now, so an edited rule
acts on the next event in every process, and no time limit is needed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock
from typing import Any
from uuid import UUID

from django.db.models import FilteredRelation, Q

from meshes.models import Workspace
from rules.matching import MatchableRule, RuleIndex
from rules.models import MappingVersion
from rules.targets import action_of

WORKSPACES_KEPT = 1000
COPIED = (
    "name",
    "event",
    "resource",
    "resource_id",
    "page_id",
    "sequence_step",
    "connection_id",
    "action",
    "target_id",
    "target_label",
    "resubscribe",
    "held_reason",
)
JOINED = {
    "rule_id": "id",
    "version_id": "current_id",
    "account_id": "connection__account_id",
    "connection_active": "connection__active",
    "connection_gone": "connection__deleted_at",
    "kind": "connection__kind",
    "mapping_id": "current__mapping_id",
}
COLUMNS = {
    "rules_version": "rules_version",
    **{name: f"rule__{name}" for name in COPIED},
    **{name: f"rule__{path}" for name, path in JOINED.items()},
}

_kept: OrderedDict[UUID, RuleIndex] = OrderedDict()
_guard = Lock()
_loading = tuple(Lock() for _ in range(16))


def index_for(workspace_id: UUID, rules_version: int) -> RuleIndex:
    """The workspace's rules at the version asked for, or at a newer one.

    Shape: `index.rules_version` says which; an event stores that one.
    Why: never call it inside a transaction that changed rules: what is kept
    must be committed.
    """
    found = _recall(workspace_id, rules_version)
    if found is not None:
        return found
    with _loading[hash(workspace_id) % len(_loading)]:
        found = _recall(workspace_id, rules_version)
        return found if found is not None else _keep(workspace_id, load_index(workspace_id))


def load_index(workspace_id: UUID) -> RuleIndex:
    """A new index of the rules as the database has them now.

    Raises: Workspace.DoesNotExist.
    Why: version and rules come from one statement, hence are one picture on
    both databases; mapping versions never change, so they may come after.
    """
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in _rows(workspace_id)]
    if not rows:
        raise Workspace.DoesNotExist("There is no such workspace.")
    usable = [row for row in rows if row["version_id"] and not row["connection_gone"]]
    schemas = MappingVersion.objects.in_bulk({row["mapping_id"] for row in usable})
    rules = (matchable(row, schemas[row["mapping_id"]].schema) for row in usable)
    return RuleIndex(rules, rules_version=rows[0]["rules_version"])


def forget() -> None:
    """Nothing is kept any more; the next events load their rules again."""
    with _guard:
        _kept.clear()


def _recall(workspace_id: UUID, rules_version: int) -> RuleIndex | None:
    with _guard:
        found = _kept.get(workspace_id)
        if found is None or found.rules_version < rules_version:
            return None
        _kept.move_to_end(workspace_id)
        return found


def _keep(workspace_id: UUID, index: RuleIndex) -> RuleIndex:
    with _guard:
        _kept[workspace_id] = index
        _kept.move_to_end(workspace_id)
        while len(_kept) > WORKSPACES_KEPT:
            _kept.popitem(last=False)
    return index


def _rows(workspace_id: UUID) -> Iterator[tuple[Any, ...]]:
    enabled = Q(rules__active=True, rules__deleted_at__isnull=True)
    return iter(
        Workspace.everything.filter(pk=workspace_id)
        .annotate(rule=FilteredRelation("rules", condition=enabled))
        .values_list(*COLUMNS.values())
    )


def matchable(row: dict[str, Any], schema: dict[str, Any]) -> MatchableRule:
    """The rule as the index keeps it, from the columns that `COLUMNS` names."""
    # A rule whose action this release no longer knows still matches, so that
    # its deliveries fail where people see them instead of vanishing.
    action = action_of(row["kind"], row["action"])
    return MatchableRule(
        **{name: row[name] for name in COPIED},
        rule_id=row["rule_id"],
        version_id=row["version_id"],
        account_id=row["account_id"],
        connection_active=row["connection_active"],
        effect=action.effect if action else "sync",
        target_kind=action.target_kind if action else "contact",
        mapping_id=row["mapping_id"],
        mapping_schema=schema,
    )
