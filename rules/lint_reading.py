"""Reads what the linter needs: the workspaces' rules and what their accounts hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from connections.activation import is_verified
from connections.models import CatalogEntry, Connection
from rules.linting import LintRule, Surroundings, TargetKey, Warned, lint
from rules.models import CONDITION_FIELDS, EventType, ResourceType, Rule
from rules.targets import action_of

MOST_RULES = 20_000
MOST_TARGETS = 50_000
COLUMNS = (
    "pk",
    "name",
    *CONDITION_FIELDS,
    "action",
    "target_id",
    "target_label",
    "active",
    "held_reason",
    "workspace_id",
    "connection__account_id",
    "connection__name",
    "connection__kind",
    "connection__deleted_at",
)


def warnings_of(workspaces: Collection[UUID]) -> dict[UUID, tuple[Warned, ...]]:
    """The warnings about the rules of each workspace.

    Shape: beyond twenty thousand rules together the others are not looked at.
    Why: a handful of statements, however many rules and workspaces there are.
    """
    rules = _rules(workspaces)
    around = _surroundings(workspaces)
    return {pk: lint(rules.get(pk, ()), around[pk]) for pk in workspaces}


def _rules(workspaces: Collection[UUID]) -> dict[UUID, list[LintRule]]:
    rows = Rule.objects.live().filter(workspace__in=workspaces)
    found: defaultdict[UUID, list[LintRule]] = defaultdict(list)
    for values in rows.order_by("name", "pk").values(*COLUMNS)[:MOST_RULES]:
        found[values["workspace_id"]].append(_rule(values))
    return found


def _rule(row: dict[str, object]) -> LintRule:
    action = action_of(str(row["connection__kind"]), str(row["action"]))
    said = {name: row[name] for name in (*CONDITION_FIELDS, "name", "action", "target_id")}
    return LintRule(
        **said,  # type: ignore[arg-type]  # columns of text
        id=row["pk"],  # type: ignore[arg-type]
        active=bool(row["active"]),
        held=bool(row["held_reason"]),
        target_label=str(row["target_label"] or row["target_id"]),
        account_id=row["connection__account_id"],  # type: ignore[arg-type]
        connection=str(row["connection__name"]),
        connection_gone=row["connection__deleted_at"] is not None,
        doing=action.label.lower() if action else str(row["action"]).replace("_", " "),
        effect=action.effect if action else "",
        target_kind=action.target_kind if action else "contact",
    )


def _surroundings(workspaces: Collection[UUID]) -> dict[UUID, Surroundings]:
    accounts = _accounts(workspaces)
    held = _held({account for of_one in accounts.values() for account in of_one})
    if held is None:  # what was not read is not gone
        held, accounts = {}, defaultdict(dict)
    events, resources = (_keys(model, workspaces) for model in (EventType, ResourceType))
    return {
        pk: Surroundings(
            held={key: label for one in accounts[pk] for key, label in held.get(one, {}).items()},
            accounts=accounts[pk],
            event_types=frozenset(events[pk]),
            resource_types=frozenset(resources[pk]),
        )
        for pk in workspaces
    }


def _accounts(workspaces: Collection[UUID]) -> defaultdict[UUID, dict[int, str]]:
    """The accounts that accepted a key of the workspace and were read, with a name for each."""
    found: defaultdict[UUID, dict[int, str]] = defaultdict(dict)
    live = Connection.objects.live().filter(
        workspace__in=workspaces, account__catalog_refreshed_at__isnull=False
    )
    for connection in live.select_related("account").order_by("name"):
        if is_verified(connection):
            found[connection.workspace_id].setdefault(connection.account_id, connection.name)
    return found


def _held(accounts: Iterable[int]) -> dict[int, dict[TargetKey, str]] | None:
    """The targets of each account with their names, None when they are too many to read."""
    entries = CatalogEntry.objects.present().filter(account__in=accounts, kind__in=("tag", "list"))
    rows = list(
        entries.values_list("account_id", "kind", "external_id", "label")[: MOST_TARGETS + 1]
    )
    if len(rows) > MOST_TARGETS:
        return None
    found: defaultdict[int, dict[TargetKey, str]] = defaultdict(dict)
    for account, kind, external_id, label in rows:
        found[account][account, kind, external_id] = label
    return found


def _keys(
    model: type[EventType | ResourceType], workspaces: Collection[UUID]
) -> defaultdict[UUID, set[str]]:
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    rows = model.objects.live().filter(workspace__in=workspaces, active=True)
    for workspace, key in rows.values_list("workspace_id", "key"):
        found[workspace].add(key)
    return found
