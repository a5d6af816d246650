"""Fills the history tables with very many rows, by statements over whole sets.

Columns come from the models with their defaults, so that new ones need nothing here.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models
from django.db.models import F
from django.db.models.functions import Mod
from django.utils import timezone

from deliveries.models import UNFINISHED, Delivery, Event, Priority, Status
from rules.models import Rule

EVENTS_PER_PERSON = 5
UNFINISHED_EVERY = 50

SERIES = {
    "postgresql": "generate_series({first}, {last}) AS s(n)",
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c "
    "WHERE n < {last}) SELECT n FROM c) AS s",
}
UUIDS = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
FROM_NOW = {
    "postgresql": "clock_timestamp() + ({seconds}) * interval '1 second'",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now', ({seconds}) || ' seconds')",
}
EMAIL = f"'person-' || (n / {EVENTS_PER_PERSON}) || '@example.org'"


def fill(rule: Rule, *, first: int, last: int) -> None:
    """Events with these numbers, and a completed delivery of each for every rule there is.

    Shape: the given rule lends its workspace and event.
    """
    series = numbers(first=first, last=last)
    events = {
        "id": "n",
        "uuid": UUIDS[connection.vendor],
        "workspace_id": literal(rule._meta.get_field("workspace"), rule.workspace_id),
        "event": f"'{rule.event}'",
        "payload": f"'{json.dumps({'email': 'somebody@example.org'})}'",
        "email": EMAIL,
        "rules_version": "1",
        "total_rules": "(SELECT COUNT(*) FROM rules_rule)",
        "created_by": "'publishable_key'",
        "created_at": from_now("n - 2000000"),
    }
    insert_rows(Event, events, source=series)
    rules = "rules_rule r JOIN connections_connection c ON c.id = r.connection_id"
    insert_rows(Delivery, _delivery(rule), source=f"{series} CROSS JOIN {rules}")
    go_on_counting()


def wake_up() -> None:
    """Make one delivery in fifty unfinished: half of those due, half to be retried later."""
    now = timezone.now()
    number = F("event_id") + F("account_id")
    chosen = Delivery.objects.annotate(place=Mod(number, UNFINISHED_EVERY)).filter(place=0)
    chosen.update(status=Status.PENDING, applied_id=None, completed_at=None)
    chosen.annotate(half=Mod(F("event_id") / UNFINISHED_EVERY, 2)).filter(half=1).update(
        status=Status.RETRYING,
        priority=Priority.RETRY,
        next_attempt_at=now + timedelta(hours=1),
    )


def settle() -> None:
    """Make all deliveries completed again."""
    Delivery.objects.filter(UNFINISHED).update(
        status=Status.COMPLETED,
        priority=Priority.LIVE,
        next_attempt_at=F("created_at"),
        completed_at=F("created_at"),
        applied_id=F("id"),
    )


def go_on_counting() -> None:
    """Let ids that the database gives follow those that were given here."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Event]):
            cursor.execute(statement)


def _delivery(rule: Rule) -> dict[str, str]:
    made = from_now("n - 2000000")
    return {
        "uuid": UUIDS[connection.vendor],
        "workspace_id": "r.workspace_id",
        "event_id": "n",
        "event_name": f"'{rule.event}'",
        "rule_id": "r.id",
        "rule_version_id": "r.current_id",
        "connection_id": "c.id",
        "account_id": "c.account_id",
        "action": "r.action",
        "target_kind": "'tag'",
        "target_id": "r.target_id",
        "email": EMAIL,
        "status": "'completed'",
        "next_attempt_at": made,
        "attempt_count": "1",
        "run_attempts": "1",
        "last_outcome": "'delivered'",
        "applied_id": "n * 1000 + c.account_id",
        "created_at": made,
        "completed_at": made,
    }


def numbers(*, first: int, last: int) -> str:
    """What to select from, to have each of these as `n`."""
    return SERIES[connection.vendor].format(first=first, last=last)


def insert_rows(model: type[models.Model], given: dict[str, str], *, source: str) -> None:
    """A row for each row of the source, all in one statement.

    Shape: `given` maps columns of the model to SQL; every other one gets its default.
    """
    fields = [
        field
        for field in model._meta.concrete_fields
        if field.attname in given or not field.primary_key
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(
        _typed(field, given.get(field.attname) or literal(field, field.get_default()))
        for field in fields
    )
    statement = f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT {values} FROM {source}'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _typed(field: models.Field[Any, Any], value: str) -> str:
    # SQLite would make numbers of dates; it needs no types.
    if connection.vendor == "sqlite":
        return value
    return f"CAST({value} AS {field.db_type(connection).split('(')[0]})"


def literal(field: models.Field[Any, Any], value: Any) -> str:
    """The value as SQL, as this column holds it."""
    prepared = field.get_db_prep_save(value, connection)
    if prepared is None:
        return "NULL"
    if isinstance(prepared, bool | int | float):
        return str(prepared).upper()
    text = json.dumps(value) if isinstance(value, dict | list) else str(prepared)
    return "'" + text.replace("'", "''") + "'"


def from_now(seconds: str) -> str:
    """The moment so many seconds after now, in SQL."""
    return FROM_NOW[connection.vendor].format(seconds=seconds)
