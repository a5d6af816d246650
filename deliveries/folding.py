"""What the delivered attempts make of each target when they are applied in their order.

Reads only. Where an attempt found a target in another state than the fold, somebody
else changed it in the account: worth knowing, and no fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from deliveries.books import of_workspace
from deliveries.claiming import TABLE
from deliveries.models import Attempt

ATTEMPTS = Attempt._meta.db_table
AT_ONCE = 10_000
WANTS = {"add_tag": True, "add_to_list": True, "remove_tag": False, "remove_from_list": False}
NOTHING_TO_DO = ("already", "absent")

# The order of the lane first, so that one target after the other is complete.
DELIVERED_SQL = f"""
SELECT t.account_id, t.email, t.target_kind, a.target_id, t.action, a.effect
FROM {ATTEMPTS} a JOIN {TABLE} t ON t.id = a.delivery_id
WHERE a.outcome = 'delivered' AND t.email <> '' AND t.target_kind <> 'contact'
  AND a.target_id = t.target_id AND {{mine}}
ORDER BY t.account_id, t.email, t.target_kind, a.target_id, a.id
"""  # noqa: S608


@dataclass(slots=True)
class Folded:
    """How many attempts and targets were folded, and at how many somebody else had a hand."""

    attempts: int = 0
    targets: int = 0
    held: int = 0
    changed_elsewhere: int = 0


def fold(workspace_id: UUID | None = None) -> Folded:
    """What all delivered attempts come to.

    Shape: `held` targets are ones that a person has in the end.
    """
    done, last, state, surprised = Folded(), None, None, False
    for *target, action, effect in _rows(workspace_id):
        if target != last:
            _close(done, state=state, surprised=surprised)
            done.targets, last, state, surprised = done.targets + 1, target, None, False
        wanted = WANTS.get(action)
        surprised = surprised or (state is not None and _surprising(state, wanted, effect))
        state = wanted
        done.attempts += 1
    _close(done, state=state, surprised=surprised)
    return done


def _surprising(state: bool, wanted: bool | None, effect: str) -> bool:
    """Whether the attempt found what the one before it cannot have left."""
    if wanted is None or not effect:
        return False
    return (state == wanted) != (effect in NOTHING_TO_DO)


def _close(done: Folded, *, state: bool | None, surprised: bool) -> None:
    done.held += bool(state)
    done.changed_elsewhere += surprised


def _rows(workspace_id: UUID | None) -> Iterator[Any]:
    mine, values = of_workspace(workspace_id)
    with connection.cursor() as cursor:
        cursor.execute(DELIVERED_SQL.format(mine=mine), values)
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows
