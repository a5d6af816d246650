"""Taking many waiting deliveries in hand for one bulk import, with one statement.

The same conditions as for a single delivery: a free lane, and nothing unfinished before
it on the same target. The partial unique index of lanes has the last word.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from connections import destinations
from connections.clock import database_now
from connections.destinations.bulk import Bulk
from connections.models import Account, Connection
from deliveries.claiming import LANE_IS_FREE_SQL, TABLE, WAITING_SQL, as_parameter, as_uuid
from deliveries.models import ImportBatch, Priority
from deliveries.superseding import APPLIED_LATER_SQL, LATE_SQL, MOVED_SINCE_SQL

MORE_THAN = 50
"""So many waiting deliveries are still sent one by one."""

HEAD = 1000
"""How far down the line an import looks for its people."""

LEASE_S = 40
RUNS_S = 600
SPARE_S = 300
"""The deliveries of an import stay in hand for so long after it was given up."""

OPEN = Q(state__in=["prepared", "posted", "doubtful"])
BATCHES = ImportBatch._meta.db_table
OPEN_SQL = "{0}.state IN ('prepared', 'posted', 'doubtful')"
NO_PROGRESS_SQL = {"postgresql": "'{}'::jsonb", "sqlite": "'{}'"}

# A retry is never among them: an import is for what has not been tried.
HEAD_SQL = f"""
SELECT * FROM (
  SELECT d.id, d.priority, d.next_attempt_at FROM {TABLE} d
  WHERE d.account_id = {{account}} AND {WAITING_SQL.format("d")}
    AND d.priority = {{priority}} AND d.next_attempt_at <= %(now)s
  ORDER BY d.next_attempt_at, d.id LIMIT {{limit}}) AS line_{{priority}}
"""  # noqa: S608


def head_sql(*, account: str, limit: int) -> str:
    """The statement that reads the head of an account's line."""
    classes = (Priority.LIVE.value, Priority.REPLAY.value)
    return " UNION ALL ".join(
        HEAD_SQL.format(account=account, priority=value, limit=limit) for value in classes
    )


TAKE_SQL = f"""
WITH head AS ({head_sql(account="%(account)s", limit=HEAD)}),
free AS (
  SELECT d.id, h.priority, h.next_attempt_at, ROW_NUMBER() OVER (
    PARTITION BY d.email ORDER BY h.priority, h.next_attempt_at, d.id) AS place
  FROM head h JOIN {TABLE} d ON d.id = h.id JOIN rules_rule r ON r.id = d.rule_id
  JOIN rules_ruleversion v ON v.id = d.rule_version_id AND NOT v.restart
  WHERE d.connection_id = %(connection)s AND d.action IN ({{actions}})
    AND d.status = 'pending' AND d.held_reason = '' AND d.run_attempts = 0
    AND d.trigger IN ('live', 'replay', 'backfill') AND NOT d.is_test
    AND d.email <> '' AND d.target_id <> '' AND d.progress = {{no_progress}}
    AND d.cancel_asked_at IS NULL AND r.deleted_at IS NULL
    AND {LANE_IS_FREE_SQL}
    AND NOT ({LATE_SQL} AND {APPLIED_LATER_SQL}))
UPDATE {TABLE} SET status = 'processing', lease_token = %(token)s, lease_until = %(until)s,
  batch_id = %(batch)s, started_at = COALESCE(started_at, %(now)s)
WHERE id IN (
  SELECT t.id FROM {TABLE} t WHERE t.id IN (
    SELECT f.id FROM free f WHERE f.place = 1
    ORDER BY f.priority, f.next_attempt_at, f.id LIMIT {{most}})
  ORDER BY t.id {{lock}})
  AND status = 'pending' AND held_reason = ''
RETURNING id
"""  # noqa: S608

# Asked again once all are in hand, as what they must give way to may have been delivered while
# their rows were being taken. What has moved since is asked of those few only, as that costs more.
LET_GO_SQL = f"""
UPDATE {TABLE} SET status = 'pending', lease_token = NULL, lease_until = NULL, batch_id = NULL
WHERE id IN (
  SELECT d.id FROM {TABLE} d WHERE d.batch_id = %s AND {LATE_SQL}
    AND ({APPLIED_LATER_SQL} OR {MOVED_SINCE_SQL}))
"""  # noqa: S608


class _TooFew(Exception):
    pass


def take(account_id: int) -> ImportBatch | None:
    """A new import with its deliveries in hand, or None when there is no burst.

    Shape: all deliveries belong to one connection and to different people.
    A replay that a later delivery may have overtaken stays out, as only its
    own attempt can judge that.
    """
    wanting = Connection.objects.enabled().filter(account_id=account_id, bulk_import=True)
    for row in wanting.order_by("created_at"):
        bulk = destinations.destination(row.kind).bulk
        batch = _take_for(row, bulk) if bulk else None
        if batch is not None:
            return batch
    return None


def _take_for(row: Connection, bulk: Bulk) -> ImportBatch | None:
    try:
        with transaction.atomic():
            # One after another, so that an account has one import at a time.
            Account.objects.select_for_update(no_key=True).get(pk=row.account_id)
            if ImportBatch.objects.filter(OPEN, account_id=row.account_id).exists():
                return None
            batch = _created(row, now=database_now())
            batch.size = _taken(batch, bulk)
            if batch.size <= MORE_THAN:
                raise _TooFew
            ImportBatch.objects.filter(pk=batch.pk).update(size=batch.size)
    except (_TooFew, IntegrityError):  # the latter: another hand took one of the lanes
        return None
    return batch


def _created(row: Connection, *, now: datetime) -> ImportBatch:
    return ImportBatch.objects.create(
        account_id=row.account_id,
        connection=row,
        created_at=now,
        next_look_at=now,
        give_up_at=now + timedelta(seconds=RUNS_S),
        lease_until=now + timedelta(seconds=LEASE_S),
    )


def _taken(batch: ImportBatch, bulk: Bulk) -> int:
    statement = TAKE_SQL.format(
        # Names that a destination declares, never anything that a person typed.
        actions=", ".join(f"'{action}'" for action in bulk.actions),
        no_progress=NO_PROGRESS_SQL[connection.vendor],
        most=bulk.most,
        # Rows that somebody else is changing right now go by themselves.
        lock="FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, _parameters(batch))
        taken = len(cursor.fetchall())
        cursor.execute(LET_GO_SQL, [batch.pk])
        return taken - int(cursor.rowcount)


def _parameters(batch: ImportBatch) -> dict[str, Any]:
    until = (batch.give_up_at or batch.created_at) + timedelta(seconds=SPARE_S)
    return {
        "account": batch.account_id,
        "batch": batch.pk,
        "now": as_parameter(batch.created_at),
        "until": as_parameter(until),
        "token": as_uuid(batch.token),
        "connection": as_uuid(batch.connection_id),
    }
