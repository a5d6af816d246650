"""Whether each target was written in the order of its deliveries. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from tests.faults.completions import Completion, overtaken
from tests.faults.delivery_checks import TARGETS, Writes
from tests.faults.folding import WANTED, Key
from tests.faults.happened import ASKED_FOR, AttemptRow, DeliveryRow, Happened
from tests.faults.ordering import Step, misplaced
from tests.faults.verdicts import Verdict

SHOWN = 12
APPLIED = "applied"


def order_was_kept(
    happened: Happened, writes: Writes, insisted: Collection[int] = frozenset()
) -> Verdict:
    """On each target, writes and completions came in the order of the deliveries.

    Shape: a delivery that was held lets later ones pass, and a replay or a
    backfill comes after them; there, the writes must come in the order of the
    attempts. Completions never swap, as a delivery that comes too late is
    superseded, unless a person `insisted` on it.
    """
    rows = {row.id: row for row in happened.deliveries}
    attempts: defaultdict[Key, list[AttemptRow]] = defaultdict(list)
    for attempt in happened.attempts:
        if attempt.key[2] in TARGETS:
            attempts[attempt.key].append(attempt)
    broken = []
    for key in attempts.keys() | writes.keys():
        here, seen = attempts[key], writes.get(key, [])
        place = misplaced(_steps(here, rows), [call.wanted for call in seen])
        where = f"{key[0]} {key[2]} {key[3]} of one person"
        if place is not None:
            ids = list(dict.fromkeys(attempt.delivery_id for attempt in here))[-SHOWN:]
            at = f"write {seen[place].seq}" if place < len(seen) else "the last write"
            broken.append(f"{where}: {at} is out of order (deliveries {ids}).")
        broken += [
            f"{where}: delivery {late} was applied after {passed}, which came later "
            f"({_story(here, rows, {late, passed})})."
            for late, passed in overtaken(_completions(here, rows), insisted=insisted)
        ]
    count = sum(map(len, writes.values()))
    note = f"{len(writes):,} targets, {sum(row.late for row in happened.deliveries)} late runs"
    return Verdict("order per person and target was kept", count, tuple(broken), note)


def _steps(attempts: list[AttemptRow], rows: dict[int, DeliveryRow]) -> list[Step]:
    """What each delivery may have written, or each attempt where some came late."""
    tried = {attempt.delivery_id: rows[attempt.delivery_id] for attempt in attempts}
    moved = any(attempt.key != tried[attempt.delivery_id].key for attempt in attempts)
    if moved or any(row.late for row in tried.values()):
        return [
            Step(one.delivery_id, WANTED[one.action], sure=one.delivered and one.effect == APPLIED)
            for one in sorted(attempts, key=lambda one: one.id)
        ]
    written = {one.delivery_id for one in attempts if one.delivered and one.effect == APPLIED}
    return [
        Step(row.id, WANTED[row.action], sure=row.id in written) for _, row in sorted(tried.items())
    ]


def _story(attempts: list[AttemptRow], rows: dict[int, DeliveryRow], about: set[int]) -> str:
    """What both did on the target, in order, for whoever has only what the run printed."""
    told = [
        f"{one.delivery_id} {one.trigger} {one.outcome} {one.reason}".rstrip()
        for one in sorted(attempts, key=lambda one: one.id)
        if one.delivery_id in about
    ]
    now = [
        f"{row.id} of event {row.event_id} is at {row.key[2]} {row.key[3]}"
        + (" and was released" if row.released else "")
        for row in (rows[pk] for pk in sorted(about))
    ]
    return "; ".join([*told, *now])


def _completions(attempts: list[AttemptRow], rows: dict[int, DeliveryRow]) -> list[Completion]:
    """Each application in its order, and whether the run that made it came late."""
    found, asked = [], set()
    for attempt in sorted(attempts, key=lambda one: one.id):
        row = rows[attempt.delivery_id]
        if attempt.trigger in ASKED_FOR:
            asked.add(row.id)
        if attempt.delivered:
            late = row.released or row.id in asked
            found.append(Completion(row.id, row.event_id, late=late))
    return found
