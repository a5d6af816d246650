"""The two writes that every attempt makes, each as few statements as the database allows.

Why: they run for every attempt; through the ORM they cost as much as the call itself.
PostgreSQL takes each as one statement; SQLite as a short transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from connections.models import ContactCache
from deliveries.claiming import TABLE, as_parameter, as_uuid
from deliveries.models import Attempt
from meshes.statements import prepared_cursor

ATTEMPTS = Attempt._meta.db_table
CONTACTS = ContactCache._meta.db_table
Values = Mapping[str, Any]

BEGIN_SQL = f"""
UPDATE {TABLE} SET attempt_count = %(number)s, run_attempts = %(run_attempts)s
WHERE id = %(delivery)s AND lease_token = %(token)s AND status = 'processing'
  AND cancel_asked_at IS NULL
"""  # noqa: S608
OPEN_SQL = f"""
INSERT INTO {ATTEMPTS} (uuid, delivery_id, number, trigger, asked_by, rule_version_id,
  connection_id, target_id, target_label, outcome, reason, message, effect, counted, exchanges,
  lease_token, started_at)
SELECT %(uuid)s, %(delivery)s, %(number)s, %(trigger)s, %(asked_by)s, %(version)s,
  %(connection)s, %(target_id)s, %(target_label)s, '', '', '', '', FALSE, '[]',
  %(token)s, %(now)s{{held}}
RETURNING id
"""
COMPLETE_SQL = f"""
UPDATE {TABLE} SET status = 'completed', last_outcome = 'delivered', reason = '', last_error = '',
  applied_id = %(attempt)s, target_id = %(target_id)s, completed_at = %(now)s,
  lease_token = NULL, lease_until = NULL
WHERE id = %(delivery)s AND lease_token = %(token)s AND status = 'processing'
"""  # noqa: S608
CLOSE_SQL = f"""
UPDATE {ATTEMPTS} SET outcome = 'delivered', exchanges = %(exchanges)s, completed_at = %(now)s,
  duration_ms = %(duration)s, message = %(message)s, effect = %(effect)s,
  target_id = %(target_id)s, counted = TRUE
WHERE id = %(attempt)s AND outcome = ''
"""  # noqa: S608
REMEMBER_SQL = f"""
INSERT INTO {CONTACTS} (account_id, email, external_id, fields_hash, links, updated_at)
SELECT %(account)s, %(email)s, %(external_id)s, %(fields_hash)s, %(links)s, %(now)s WHERE {{held}}
ON CONFLICT (account_id, email) DO UPDATE SET external_id = excluded.external_id,
  fields_hash = excluded.fields_hash, links = excluded.links, updated_at = excluded.updated_at
"""
HELD = "EXISTS (SELECT 1 FROM held)"


def open_row(values: Values) -> Any:
    """The id of a new attempt in flight.

    Shape: None, and no row, when the claim was lost or somebody asked to cancel.
    """
    given = _adapted({**values, "uuid": uuid4()})
    if connection.vendor == "postgresql":
        write = OPEN_SQL.format(held=f" WHERE {HELD}")
        return _value(f"WITH held AS ({BEGIN_SQL} RETURNING id) {write}", given)
    with transaction.atomic():
        return _value(OPEN_SQL.format(held=""), given) if _rows(BEGIN_SQL, given) else None


def complete_row(values: Values, *, remember: bool) -> bool:
    """Whether the delivery is completed; its attempt is closed in any case.

    Shape: with `remember` also what we know of the contact is stored, unless
    the claim was lost.
    """
    given = _adapted(values)
    if connection.vendor == "postgresql":
        contact = REMEMBER_SQL.format(held=HELD)
        third = f", remembered AS ({contact} RETURNING id)" if remember else ""
        return bool(
            _value(
                f"WITH held AS ({COMPLETE_SQL} RETURNING id), "  # noqa: S608
                f"closed AS ({CLOSE_SQL} RETURNING id){third} SELECT count(*) FROM held",
                given,
            )
        )
    with transaction.atomic():
        held = _rows(COMPLETE_SQL, given) == 1
        _rows(CLOSE_SQL, given)
        if held and remember:
            _rows(REMEMBER_SQL.format(held="TRUE"), given)
    return held


def _value(statement: str, given: Values) -> Any:
    with prepared_cursor() as cursor:
        cursor.execute(statement, given)
        row = cursor.fetchone()
    return row[0] if row else None


def _rows(statement: str, given: Values) -> int:
    with prepared_cursor() as cursor:
        cursor.execute(statement, given)
        return int(cursor.rowcount)


def _adapted(values: Values) -> Values:
    return {name: ADAPTED.get(type(value), _as_it_is)(value) for name, value in values.items()}


def _as_it_is(value: Any) -> Any:
    return value


ADAPTED: Mapping[type, Callable[[Any], Any]] = {
    dict: json.dumps,
    list: json.dumps,
    UUID: as_uuid,
    datetime: as_parameter,
}
