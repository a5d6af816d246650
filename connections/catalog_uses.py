"""Which rules use a tag or a list, as far as a person may see them.

Why: rules stand above this room, so they are reached from the connection that they name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from connections import destinations
from connections.models import CatalogEntry, Connection

Target = tuple[int, str, str]
"""An entry as rules mean it: account, kind and id there."""


@dataclass(frozen=True, slots=True)
class Use:
    """A rule that uses an entry."""

    rule_id: UUID
    name: str
    workspace: str
    active: bool


def uses_of(
    entries: Collection[CatalogEntry], *, seen: QuerySet[Connection]
) -> Mapping[Target, list[Use]]:
    """The rules behind each entry, by name; of the connections that `seen` holds; one query."""
    wanted = {(entry.account_id, entry.kind, entry.external_id) for entry in entries}
    kinds = target_kinds()
    found: dict[Target, list[Use]] = defaultdict(list)
    for account_id, action, target_id, *rule in _rules(seen).filter(
        account_id__in={each[0] for each in wanted},
        rules__target_id__in={each[2] for each in wanted},
    ):
        target = (account_id, kinds.get(action, ""), target_id)
        if target in wanted:
            found[target].append(Use(*rule))
    return found


def is_used(accounts: Iterable[str], *, seen: QuerySet[Connection]) -> Q:
    """The condition on entries of these accounts that some rule uses them."""
    actions: dict[str, list[str]] = defaultdict(list)
    for action, kind in target_kinds().items():
        actions[kind].append(action)
    used = Q(pk__in=())
    for account_id in accounts:
        for kind, keys in actions.items():
            rules = seen.filter(
                account_id=account_id, rules__deleted_at__isnull=True, rules__action__in=keys
            )
            ids = rules.values("rules__target_id")
            used |= Q(account_id=account_id, kind=kind, external_id__in=ids)
    return used


def target_kinds() -> dict[str, str]:
    """Whether an action is about a tag or a list, by the action's key."""
    return {
        action.key: action.target_kind
        for destination in destinations.DESTINATIONS
        for action in destination.actions
        if action.needs_target
    }


def _rules(seen: QuerySet[Connection]) -> Any:
    rules = seen.filter(rules__deleted_at__isnull=True).order_by("rules__name", "rules__pk")
    return rules.values_list(
        "account_id",
        "rules__action",
        "rules__target_id",
        "rules__pk",
        "rules__name",
        "workspace__name",
        "rules__active",
    )
