"""Taking deliveries in hand, one per lane, and finding those that a dead worker left.

One statement claims; a partial unique index keeps a lane from being in two hands.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection

from connections.clock import by_database_clock, database_now, now_parameter
from deliveries.models import Delivery, Priority, Status
from meshes import tracing
from meshes.statements import prepared_cursor

LEASE_S = 40
TABLE = Delivery._meta.db_table

# Literals, not parameters: SQLite uses a partial index only when the query repeats its condition.
WAITING_SQL = "{0}.held_reason = '' AND {0}.status IN ('pending', 'retrying')"
UNFINISHED_SQL = "{0}.status IN ('pending', 'processing', 'retrying')"

# All of them: an index that starts with the priority can then go straight to the time.
PRIORITIES = ", ".join(str(value) for value in Priority.values)

# From one account that has waiting work to the next by the index, so that those that have none,
# however many, cost nothing.
NEXT_SQL = f"""SELECT d.account_id FROM {TABLE} d WHERE {WAITING_SQL.format("d")}
    {{after}} ORDER BY d.account_id LIMIT 1"""  # noqa: S608
DUE_ACCOUNTS_SQL = f"""
WITH RECURSIVE waiting (account_id) AS (
  SELECT ({NEXT_SQL.format(after="")})
  UNION ALL
  SELECT ({NEXT_SQL.format(after="AND d.account_id > w.account_id")})
  FROM waiting w WHERE w.account_id IS NOT NULL)
SELECT a.id, a.requests_per_second, a.last_timeout_at IS NOT NULL
FROM waiting w JOIN connections_account a ON a.id = w.account_id
WHERE (a.paused_until IS NULL OR a.paused_until <= %(now)s)
  AND (a.lease_owner = %(owner)s OR a.lease_until IS NULL OR a.lease_until <= %(now)s)
  AND EXISTS (
    SELECT 1 FROM {TABLE} d WHERE d.account_id = a.id AND {WAITING_SQL.format("d")}
    AND d.priority IN ({PRIORITIES}) AND d.next_attempt_at <= %(now)s)
"""  # noqa: S608

# Something earlier on a target of d is unfinished; a replay that has not begun keeps no live
# delivery waiting.
EARLIER_SQL = f"""EXISTS (
      SELECT 1 FROM {TABLE} b WHERE b.account_id = d.account_id AND b.email = d.email
      AND b.target_kind = d.target_kind AND b.target_id = {{target}} AND b.id < d.id
      AND {UNFINISHED_SQL.format("b")} AND b.held_reason = ''
      AND NOT (b.priority = {Priority.REPLAY} AND b.run_attempts = 0
        AND d.priority < {Priority.REPLAY}))"""  # noqa: S608

# Nothing of d's lane is in hand either.
LANE_IS_FREE_SQL = f"""NOT EXISTS (
      SELECT 1 FROM {TABLE} b WHERE b.account_id = d.account_id AND b.email = d.email
      AND b.status = 'processing')
    AND NOT {EARLIER_SQL.format(target="d.target_id")}"""  # noqa: S608

CLAIM_SQL = f"""
UPDATE {TABLE} SET status = 'processing', lease_token = %(token)s, lease_until = {{until}},
  started_at = COALESCE(started_at, %(now)s)
WHERE id = (
  SELECT d.id FROM {TABLE} d
  WHERE d.account_id = %(account)s AND {WAITING_SQL.format("d")} AND d.next_attempt_at <= %(now)s
    {{only}}
    AND NOT EXISTS (
      SELECT 1 FROM connections_account a WHERE a.id = d.account_id AND a.paused_until > %(now)s)
    AND {LANE_IS_FREE_SQL}
  ORDER BY d.priority, d.next_attempt_at, d.id LIMIT 1 {{lock}})
  AND status IN ('pending', 'retrying')
RETURNING id, priority
"""  # noqa: S608


class ClaimLost(Exception):
    """Another worker took this delivery over; nothing more may be sent for it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery in hand; the token proves it until the lease runs out."""

    delivery_id: int
    token: uuid.UUID
    priority: int = Priority.LIVE


@dataclass(frozen=True, slots=True)
class DueAccount:
    """An account with work that this owner may do now.

    Shape: `silent` says that its last call got no answer in time.
    Units: requests per second.
    """

    id: int
    requests_per_second: float
    silent: bool = False


def due_accounts(owner: str) -> list[DueAccount]:
    """Accounts with due deliveries that are not paused and not in other hands."""
    with prepared_cursor() as cursor:
        cursor.execute(by_database_clock(DUE_ACCOUNTS_SQL), {"owner": owner, **now_parameter()})
        return [DueAccount(*row) for row in cursor.fetchall()]


def claim(account_id: int, *, only: Priority | None = None) -> Claim | None:
    """The account's next delivery, taken in hand, or None when none may go now.

    Shape: None while the account is paused; `only` asks for one priority.
    Why: an order on one target never swaps, so a delivery waits for earlier
    unfinished ones of its lane on the same target, retries included. A replay
    that has not begun keeps no live delivery waiting; it ends as superseded.
    """
    began_at, token = time.time(), uuid.uuid4()
    on_postgres = connection.vendor == "postgresql"
    statement = CLAIM_SQL.format(
        lock="FOR UPDATE SKIP LOCKED" if on_postgres else "",
        only="" if only is None else f"AND d.priority = {only.value}",
        until=f"statement_timestamp() + interval '{LEASE_S} s'" if on_postgres else "%(until)s",
    )
    parameters = {"account": account_id, "token": as_uuid(token), **now_parameter()}
    if not on_postgres:
        parameters["until"] = as_parameter(database_now() + timedelta(seconds=LEASE_S))
    try:
        with prepared_cursor() as cursor:
            cursor.execute(by_database_clock(statement), parameters)
            row = cursor.fetchone()
    except IntegrityError:  # another hand took this lane between our look and our write
        return None
    if row is None:
        return None
    tracing.past("meshes.claim", began_at=began_at, account_id=account_id, delivery_id=row[0])
    return Claim(row[0], token, row[1])


def renew(held: Claim) -> bool:
    """Whether the delivery is still ours, with a whole lease ahead."""
    until = database_now() + timedelta(seconds=LEASE_S)
    return bool(_held(held).update(lease_until=until) == 1)


def release(held: Claim, *, status: str) -> bool:
    """Whether the delivery is back in line as it was; nothing was sent for it.

    Shape: False for one that is not ours any more, or that somebody asked to
    cancel meanwhile, which must end in place of waiting.
    """
    back = {"status": status, "lease_token": None, "lease_until": None}
    return bool(_held(held).filter(cancel_asked_at__isnull=True).update(**back) == 1)


def as_before(delivery: Delivery) -> Status:
    """The status that a delivery in hand had when it was claimed."""
    return Status.RETRYING if delivery.begun else Status.PENDING


def _held(held: Claim) -> Any:
    return Delivery.objects.filter(pk=held.delivery_id, lease_token=held.token, status="processing")


def as_uuid(value: uuid.UUID) -> Any:
    """The id as a parameter of a raw statement on this database."""
    return value if connection.features.has_native_uuid_field else value.hex


def as_parameter(value: datetime) -> Any:
    """The moment as a parameter of a raw statement on this database."""
    return connection.ops.adapt_datetimefield_value(value)
