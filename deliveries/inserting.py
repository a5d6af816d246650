"""Writes events with their deliveries, in one statement a table at most.

Why: the rows travel as one JSON document, so that a statement is the same for
one row and for thousands; the ORM would cost more than all the rest of intake.
Ids are the order of a lane, so on PostgreSQL they are drawn one writer at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zlib import crc32

from django.db import connection, models

from deliveries.models import Delivery, Event
from meshes.statements import prepared_cursor

Row = dict[str, Any]

EVENT_UUID = "event_uuid"
DUE = "next_attempt_at"
OF_THE_EVENT = {
    "event_id": "id",
    "event_name": "event",
    **{name: name for name in ("workspace_id", "page_id", "created_at")},
    DUE: "created_at",
}
"""Columns of a delivery that repeat one of its event's, so that rows need not carry them."""
LANE_LOCKS = 4096
"""So many locks for all lanes, so that their number is bounded; two lanes may share one."""

_INSERT = (
    'INSERT INTO "{table}" ({columns}) SELECT {values} FROM {rows}{join}{once} ORDER BY {place}'
)
_JOIN = ' JOIN "deliveries_event" AS stored ON stored."uuid" = {}'
# The first key tells these locks from any other advisory lock in the database; it spells "lane".
_LOCKED = (
    "locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(1818324581, lane)"
    " FROM unnest(%s::int[]) AS lanes (lane))"
)
_ONCE_LOCKED = " WHERE (SELECT count(*) FROM locked) >= 0"


def insert(events: Sequence[Row], deliveries: Sequence[Row]) -> None:
    """Store the rows in their order; call it inside a transaction on SQLite.

    Why: on PostgreSQL it is one statement, so all of it is stored or nothing.
    Shape: keys are the names of columns, the same in all rows of a table;
    other columns get their defaults. A delivery names its event by the key
    `event_uuid`, and has from it what it does not say itself (OF_THE_EVENT).
    """
    if deliveries and connection.vendor == "postgresql":
        statement = _together(tuple(events[0]), tuple(deliveries[0]))
        _run(statement, _lanes(deliveries), _document(events), _document(deliveries))
        return
    _run(_statement(Event, tuple(events[0])), _document(events))
    if deliveries:
        _run(_statement(Delivery, tuple(deliveries[0])), _document(deliveries))


def _run(statement: str, *parameters: Any) -> None:
    with prepared_cursor() as cursor:
        cursor.execute(statement, parameters)


def _lanes(deliveries: Sequence[Row]) -> list[int]:
    """The locks of the rows' lanes, in the order in which everybody takes them."""
    lanes = {(row["account_id"], row["email"]) for row in deliveries if row["email"]}
    return sorted({crc32(f"{account} {email}".encode()) % LANE_LOCKS for account, email in lanes})


def _document(rows: Sequence[Row]) -> str:
    """The rows as JSON, with ids and times as texts that the database takes for them."""
    return json.dumps(
        rows, ensure_ascii=False, separators=(",", ":"), check_circular=False, default=_speller()
    )


def _speller() -> Callable[[Any], str]:
    """What spells a value that JSON does not know; a value that comes again costs nothing.

    Why: all rows of a request share their ids and times but one, and asking the
    connection for each of them would take longer than writing the document.
    """
    native = connection.features.has_native_uuid_field
    moment = connection.ops.adapt_datetimefield_value
    known: dict[int, str] = {}

    def spelled(value: Any) -> str:
        text = known.get(id(value))
        if text is None:
            text = known[id(value)] = _text(value, native=native, moment=moment)
        return text

    return spelled


def _text(value: Any, *, native: bool, moment: Callable[[datetime], Any]) -> str:
    if isinstance(value, UUID):
        return str(value) if native else value.hex
    if isinstance(value, datetime):
        return str(moment(value))
    raise TypeError(f"A row cannot hold a {type(value).__name__}.")


def _together(event: tuple[str, ...], delivery: tuple[str, ...]) -> str:
    """Both statements as one; the second reads the ids that the first gave.

    Why: ids are drawn when a row is written, but seen when its transaction
    ends; the locks keep a later id of a lane from being seen before an
    earlier one.
    """
    events = _statement(Event, event, once=_ONCE_LOCKED)
    deliveries = _statement(Delivery, delivery)
    reads_them = deliveries.replace('"deliveries_event" AS stored', "stored")
    seen = ", ".join(f'"{name}"' for name in sorted({"uuid", *OF_THE_EVENT.values()}))
    return f"WITH {_LOCKED}, stored AS ({events} RETURNING {seen}) {reads_them}"


@lru_cache(maxsize=8)
def _statement(model: type[models.Model], given: tuple[str, ...], *, once: str = "") -> str:
    """An INSERT of rows of this model, with one parameter: the document."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    types = {field.attname: _type(field) for field in fields}
    parts = {
        "table": model._meta.db_table,
        "columns": ", ".join(f'"{field.column}"' for field in fields),
        "values": ", ".join(_value(field, given, types) for field in fields),
        "rows": _rows(given, types),
        "join": _JOIN.format(_from_row(EVENT_UUID)) if EVENT_UUID in given else "",
        "once": once,
        "place": "v.key" if connection.vendor == "sqlite" else "v.place",
    }
    return _INSERT.format(**parts)


def _rows(given: tuple[str, ...], types: dict[str, str]) -> str:
    """The document as rows named `v`, in its own order."""
    if connection.vendor == "sqlite":
        return "json_each(%s) AS v"
    shape = ", ".join(f'"{name}" {types.get(name, "uuid")}' for name in given)
    names = ", ".join(f'"{name}"' for name in given)
    rows = f"ROWS FROM (json_to_recordset(%s::json) AS ({shape}))"
    return f"{rows} WITH ORDINALITY AS v ({names}, place)"


def _value(field: models.Field[Any, Any], given: tuple[str, ...], types: dict[str, str]) -> str:
    if field.attname in given:
        return _from_row(field.attname)
    if EVENT_UUID in given and field.attname in OF_THE_EVENT:
        own = f'stored."{OF_THE_EVENT[field.attname]}"'
        # A web server whose clock is ahead must not make its deliveries wait.
        late = field.attname == DUE and connection.vendor == "postgresql"
        return f"LEAST({own}, statement_timestamp())" if late else own
    return f"CAST({_default(field)} AS {types[field.attname]})"


def _from_row(name: str) -> str:
    if connection.vendor == "sqlite":
        return f"json_extract(v.value, '$.{name}')"
    return f'v."{name}"'


def _default(field: models.Field[Any, Any]) -> str:
    """The column's default as an SQL literal."""
    value = field.get_default()
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    text = json.dumps(value) if isinstance(value, dict | list) else str(value)
    return "'" + text.replace("'", "''") + "'"


def _type(field: models.Field[Any, Any]) -> str:
    """The column's type without its length: a text that is too long must fail, not shrink."""
    return str(field.db_type(connection)).split("(")[0]
