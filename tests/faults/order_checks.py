"""Whether each target was written in the order of its deliveries. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.faults.delivery_checks import TARGETS, Writes
from tests.faults.folding import WANTED, Key
from tests.faults.happened import AttemptRow, DeliveryRow, Happened
from tests.faults.ordering import Step, misplaced
from tests.faults.verdicts import Verdict

SHOWN = 12


def order_was_kept(happened: Happened, writes: Writes) -> Verdict:
    """On each target, writes and completions came in the order of the deliveries.

    Shape: a delivery that was held lets later ones pass; there, the writes
    must come in the order of the attempts. Completions never swap, as a
    delivery that comes too late is superseded.
    """
    rows: defaultdict[Key, list[DeliveryRow]] = defaultdict(list)
    for row in happened.deliveries:
        if row.key[2] in TARGETS:
            rows[row.key].append(row)
    attempts = _by_delivery(happened.attempts)
    broken = []
    for key in rows.keys() | writes.keys():
        here, seen = rows[key], writes.get(key, [])
        place = misplaced(_steps(here, attempts), [call.wanted for call in seen])
        where = f"{key[0]} {key[2]} {key[3]} of one person"
        ids = [row.id for row in here if row.attempts][-SHOWN:]
        if place is not None:
            at = f"write {seen[place].seq}" if place < len(seen) else "the last write"
            broken.append(f"{where}: {at} is out of order (deliveries {ids}).")
        if swapped(here):
            broken.append(f"{where}: deliveries {swapped(here)} were completed in this order.")
    count = sum(map(len, writes.values()))
    note = f"{len(writes):,} targets"
    return Verdict("order per person and target was kept", count, tuple(broken), note)


def swapped(rows: Iterable[DeliveryRow]) -> list[int]:
    """The completed deliveries as they were applied, empty when that is their order."""
    done = [row for row in rows if row.status == "completed"]
    applied = [row.id for row in sorted(done, key=lambda row: row.applied_id or 0)]
    return applied if applied != sorted(applied) else []


def _steps(rows: list[DeliveryRow], attempts: dict[int, list[AttemptRow]]) -> list[Step]:
    tried = [row for row in rows if row.attempts]
    if not any(row.released for row in tried):
        return [Step(row.id, WANTED[row.action], sure=_sure(row)) for row in tried]
    each = [(attempt, row) for row in tried for attempt in attempts[row.id]]
    each.sort(key=lambda pair: pair[0].id)
    return [
        Step(row.id, WANTED[row.action], sure=_sure(row) and attempt.id == row.applied_id)
        for attempt, row in each
    ]


def _sure(row: DeliveryRow) -> bool:
    return row.status == "completed" and row.effect == "applied"


def _by_delivery(attempts: Iterable[AttemptRow]) -> dict[int, list[AttemptRow]]:
    found: defaultdict[int, list[AttemptRow]] = defaultdict(list)
    for attempt in attempts:
        found[attempt.delivery_id].append(attempt)
    return found
