"""Writes events with their deliveries, in one statement a table at most.

Why: the rows travel as one JSON document, so that a statement is the same for
one row and for thousands; the ORM would cost more than all the rest of intake.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models

from deliveries.models import Delivery, Event

Row = dict[str, Any]

EVENT_UUID = "event_uuid"
DUE = "next_attempt_at"
_INSERT = 'INSERT INTO "{table}" ({columns}) SELECT {values} FROM {rows}{join} ORDER BY {place}'
_JOIN = ' JOIN "deliveries_event" AS stored ON stored."uuid" = {}'


def insert(events: Sequence[Row], deliveries: Sequence[Row]) -> None:
    """Store the rows in their order; call it inside a transaction.

    Shape: keys are the names of columns, the same in all rows of a table;
    other columns get their defaults. A delivery names its event by the key
    `event_uuid`.
    """
    write_events = _statement(Event, tuple(events[0]))
    if not deliveries:
        _run(write_events, events)
        return
    write_deliveries = _statement(Delivery, tuple(deliveries[0]))
    if connection.vendor == "postgresql":
        _run(_together(write_events, write_deliveries), events, deliveries)
    else:
        _run(write_events, events)
        _run(write_deliveries, deliveries)


def _run(statement: str, *documents: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_document(rows) for rows in documents])


def _document(rows: Sequence[Row]) -> str:
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value) if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return str(connection.ops.adapt_datetimefield_value(value))
    raise TypeError(f"A row cannot hold a {type(value).__name__}.")


def _together(events: str, deliveries: str) -> str:
    """Both statements as one; the second reads the ids that the first gave."""
    reads_them = deliveries.replace('"deliveries_event" AS stored', "stored")
    return f'WITH stored AS ({events} RETURNING "id", "uuid") {reads_them}'


@lru_cache(maxsize=8)
def _statement(model: type[models.Model], given: tuple[str, ...]) -> str:
    """An INSERT of rows of this model, with one parameter: the document."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    types = {field.attname: _type(field) for field in fields}
    parts = {
        "table": model._meta.db_table,
        "columns": ", ".join(f'"{field.column}"' for field in fields),
        "values": ", ".join(_value(field, given, types) for field in fields),
        "rows": _rows(given, types),
        "join": _JOIN.format(_from_row(EVENT_UUID)) if EVENT_UUID in given else "",
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
    if field.attname == DUE and field.attname in given and connection.vendor == "postgresql":
        # A web server whose clock is ahead must not make its deliveries wait.
        return f"LEAST({_from_row(DUE)}, statement_timestamp())"
    if field.attname in given:
        return _from_row(field.attname)
    if field.attname == "event_id" and EVENT_UUID in given:
        return 'stored."id"'
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
