"""Counts what a selection holds in slices, and stops where a person would wait for it.

What lies behind the last slice is estimated from what was counted, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from connections.models import Connection
from deliveries.models import Delivery
from deliveries.replaying import fate
from deliveries.selecting import Selection, selected

AT_ONCE = 100_000
COUNTED = 100_000
"""After so many selected deliveries no other slice is counted."""

LOOKED_AT = 1_000_000
"""After so many deliveries of the workspace, selected or not, no other slice is."""

COLUMNS = ("status", "held_reason", "account", "fate", "rule", "rule_version", "rule__current")


@dataclass(frozen=True, slots=True)
class Counting:
    """Groups of the selected rows.

    Shape: each group has the columns and `n`; `counted` is how many rows they
    stand for; unless `exact`, every `n` is raised to what all rows may come to.
    """

    groups: list[dict[str, Any]]
    counted: int
    exact: bool


def count(
    selection: Selection, *, workspace_id: UUID, basis: str, first_id: int, last_id: int
) -> Counting:
    """What is selected above the first id and up to the last one."""
    found: dict[tuple[Any, ...], int] = {}
    at, counted, looked_at = first_id, 0, 0
    while at < last_id and counted < COUNTED and looked_at < LOOKED_AT:
        end = _end_of_slice(workspace_id, at=at, last_id=last_id)
        rows = selected(selection, workspace_id=workspace_id).filter(pk__gt=at, pk__lte=end)
        for key, number in _grouped(rows, basis):
            found[key] = found.get(key, 0) + number
            counted += number
        at, looked_at = end, looked_at + AT_ONCE
    share = (at - first_id) / (last_id - first_id) if at < last_id else 1.0
    groups = [
        {**dict(zip(COLUMNS, key, strict=True)), "n": round(number / share)}
        for key, number in found.items()
    ]
    return Counting(groups, counted, exact=at >= last_id)


def accounts_of(workspace_id: UUID) -> set[int]:
    """All accounts that deliveries of the workspace can ever have gone to."""
    connections: Any = Connection
    rows = (connections.objects, connections.history)
    return {
        account
        for each in rows
        for account in each.filter(workspace_id=workspace_id).values_list("account_id", flat=True)
        if account is not None
    }


def _end_of_slice(workspace_id: UUID, *, at: int, last_id: int) -> int:
    rows = Delivery.objects.filter(workspace=workspace_id, pk__gt=at, pk__lte=last_id)
    ends = rows.order_by("pk").values_list("pk", flat=True)[AT_ONCE - 1 : AT_ONCE]
    return next(iter(ends), last_id)


def _grouped(rows: QuerySet[Delivery], basis: str) -> Iterable[tuple[tuple[Any, ...], int]]:
    found = rows.annotate(fate=fate(basis)).values_list(*COLUMNS).order_by()
    for *key, number in found.annotate(n=Count("pk")):
        yield tuple(key), number
