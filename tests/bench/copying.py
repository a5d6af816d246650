"""Copies rows that real programs made, very many times, so that their sizes are true.

Every copy goes through the same changes as the original, as each leaves something behind
in the files.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.management.color import no_style
from django.db import connection, models

from deliveries.models import Attempt, Delivery, Event
from tests.bench.filling import FROM_NOW, SERIES, UUIDS

CHUNK = 10_000
PEOPLE = 5
"""Each person has so many events; the first one is about a contact that is not known yet."""

EMAIL = f"'person-' || (n / {PEOPLE}) || '@customers.example.org'"
OPENED = {"attempt_count": "1", "run_attempts": "1"}
COMPLETED = {
    "status": "'completed'",
    "last_outcome": "'delivered'",
    "lease_token": "NULL",
    "lease_until": "NULL",
}


@dataclass(frozen=True, slots=True)
class Originals:
    """Two events that were delivered: to a contact that was new, and to a known one.

    Shape: each has one delivery, and that one attempt.
    """

    new: Event
    known: Event

    def rows(self, table: type[models.Model]) -> tuple[int, int]:
        """The ids of their two rows in a table of the history."""
        path = {Event: "pk", Delivery: "event", Attempt: "delivery__event"}[table]
        one, other = (
            table._default_manager.get(**{path: event.pk}).pk for event in (self.new, self.known)
        )
        return one, other


def copy_history(
    originals: Originals, *, first: int, last: int, days: float, lived: bool = True
) -> None:
    """Events with these numbers, which are also the ids of their deliveries and attempts.

    Shape: they were accepted so many days ago, a millisecond apart. With `lived` each row goes
    through all the changes that a delivery makes; else it is as it was in the end, which is
    much faster.
    """
    fill = _live_through if lived else _fill
    for start in range(first, last + 1, CHUNK):
        end = min(start + CHUNK - 1, last)
        made = FROM_NOW[connection.vendor].format(
            seconds=f"{-days * 86_400:.0f} + (n - {first}) * 0.001"
        )
        fill(_Chunk(originals, start, end, made))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Event, Delivery, Attempt]):
            cursor.execute(statement)


def insert_copies(
    table: type[models.Model],
    originals: tuple[int, int],
    given: dict[str, str],
    *,
    first: int,
    last: int,
) -> None:
    """A row with each of these ids, like the second original, and every fifth like the first.

    Shape: `given` maps columns to other values, as SQL that may use the id as `n`.
    """
    columns = [field.column for field in table._meta.concrete_fields]
    given = {"id": "n", "uuid": UUIDS[connection.vendor], **given}
    values = ", ".join(given.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    source = SERIES[connection.vendor].format(first=first, last=last)
    name = table._meta.db_table
    which = f"t.id = CASE WHEN n % {PEOPLE} = 0 THEN {originals[0]} ELSE {originals[1]} END"
    _run(
        f'INSERT INTO "{name}" ({names}) SELECT {values} FROM {source} '  # noqa: S608
        f'JOIN "{name}" t ON {which} ORDER BY n'
    )


@dataclass(frozen=True, slots=True)
class _Chunk:
    originals: Originals
    first: int
    last: int
    made: str

    def insert(self, table: type[models.Model], given: dict[str, str]) -> None:
        """A copy of an original for each number, with these columns changed."""
        originals = self.originals.rows(table)
        insert_copies(table, originals, given, first=self.first, last=self.last)

    def update(self, table: type[models.Model], given: dict[str, str], *, turn: int) -> None:
        """Change these columns of every fifth row, so that a lane is in one hand."""
        changes = ", ".join(f'"{column}" = {value}' for column, value in given.items())
        _run(
            f'UPDATE "{table._meta.db_table}" SET {changes} '  # noqa: S608
            f"WHERE id BETWEEN {self.first} AND {self.last} AND id % {PEOPLE} = {turn}"
        )


def _fill(chunk: _Chunk) -> None:
    made = chunk.made
    times = {"created_at": made, "started_at": made, "completed_at": made}
    chunk.insert(Event, {"email": EMAIL, "created_at": made})
    ended = {"event_id": "n", "email": EMAIL, "applied_id": "n", "next_attempt_at": made}
    chunk.insert(Delivery, {**ended, **times})
    chunk.insert(Attempt, {"delivery_id": "n", **times})


def _live_through(chunk: _Chunk) -> None:
    made = chunk.made
    chunk.insert(Event, {"email": EMAIL, "created_at": made})
    waiting = {"event_id": "n", "email": EMAIL, "status": "'pending'", "attempt_count": "0"}
    waiting |= {"run_attempts": "0", "last_outcome": "''", "next_attempt_at": made}
    none = dict.fromkeys(("applied_id", "started_at", "completed_at"), "NULL")
    chunk.insert(Delivery, {**waiting, **none, "created_at": made})
    held = {"lease_token": UUIDS[connection.vendor], "lease_until": "created_at"}
    opened = {"delivery_id": "n", "outcome": "''", "started_at": made, "completed_at": "NULL"}
    for turn in range(PEOPLE):
        claimed = {"status": "'processing'", "started_at": "created_at", **held}
        chunk.update(Delivery, claimed, turn=turn)
        chunk.update(Delivery, OPENED, turn=turn)
        done = {**COMPLETED, "applied_id": "id", "completed_at": "created_at"}
        chunk.update(Delivery, done, turn=turn)
    chunk.insert(Attempt, {**opened, "exchanges": "'[]'"})
    for turn in range(PEOPLE):
        chunk.update(Attempt, _closed(chunk.originals, turn=turn), turn=turn)


def _closed(originals: Originals, *, turn: int) -> dict[str, str]:
    """The columns of an attempt that has ended, like the original's."""
    original = originals.rows(Attempt)[0 if turn == 0 else 1]
    exchanges = f"(SELECT exchanges FROM deliveries_attempt WHERE id = {original})"  # noqa: S608
    return {"outcome": "'delivered'", "completed_at": "started_at", "exchanges": exchanges}


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
