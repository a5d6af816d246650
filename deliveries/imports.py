"""Bursts through the bulk importer: who needs it now, and one step of an import at a time.

Each step starts from the import's row alone, so that any worker can go on after another
one died. The single calls of an account go on meanwhile, for other people.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import connection

from connections.clock import database_now
from connections.destinations.errors import DestinationError
from connections.pace import Paused
from deliveries.claiming import as_parameter
from deliveries.import_claiming import BATCHES, MORE_THAN, OPEN_SQL, head_sql, take
from deliveries.import_holding import Hold, ImportLost, Interrupted, always, hold_due
from deliveries.import_items import in_hand, items_of
from deliveries.import_posting import LONG_REST_S, SHORT_REST_S, give_back, post
from deliveries.import_results import (
    UNCONFIRMED,
    UNFINISHED,
    fall_back,
    heed,
    record,
)
from deliveries.models import ImportBatch

LOOK_EVERY_S = 3.0
AFTER_ERROR_S = 10.0
SETTLED_S = 60.0
"""After so long a request that was lost on its way is not queued any more."""

FRUITLESS_S = 2.0

TO_DRIVE_SQL = f"""
SELECT b.account_id FROM {BATCHES} b
WHERE {OPEN_SQL.format("b")} AND b.next_look_at <= %(now)s
  AND (b.lease_until IS NULL OR b.lease_until <= %(now)s)
UNION
SELECT c.account_id FROM connections_connection c JOIN connections_account a ON a.id = c.account_id
WHERE c.bulk_import AND c.active AND c.deleted_at IS NULL
  AND (a.paused_until IS NULL OR a.paused_until <= %(now)s)
  AND NOT EXISTS (
    SELECT 1 FROM {BATCHES} b WHERE b.account_id = c.account_id
    AND ({OPEN_SQL.format("b")} OR b.next_look_at > %(now)s))
  AND (SELECT COUNT(*) FROM (
    {head_sql(account="c.account_id", limit=MORE_THAN + 1)}) AS line) > {MORE_THAN}
"""  # noqa: S608

log = structlog.get_logger(__name__)

_fruitless: dict[int, float] = {}


def accounts_to_drive() -> list[int]:
    """Accounts with a burst, or with an import that wants attention now: one query."""
    with connection.cursor() as cursor:
        cursor.execute(TO_DRIVE_SQL, {"now": as_parameter(database_now())})
        found = [row[0] for row in cursor.fetchall()]
    now = time.monotonic()
    return [account_id for account_id in found if _fruitless.get(account_id, 0.0) <= now]


def drive(account_id: int, *, going: Callable[[], bool] = always) -> bool:
    """Whether one step was made: an import begun, looked after, or ended.

    Shape: once `going` is false no other call begins; what is left of the step
    is left to the next pump, as far as it was stored.
    Why: safe in any number of threads and processes, as a lease of the
    import's own decides; it calls the account, so a sender's thread runs it.
    """
    hold = hold_due(account_id, going=going)
    if hold is not None:
        _attempt(hold, STEPS[ImportBatch.State(hold.batch.state)])
        return True
    batch = take(account_id)
    if batch is None:
        _fruitless[account_id] = time.monotonic() + FRUITLESS_S
        return False
    _attempt(Hold(batch, going=going), post)
    return True


def _attempt(hold: Hold, step: Callable[[Hold], None]) -> None:
    try:
        step(hold)
    except ImportLost:
        log.warning("import_lost", batch_id=hold.batch.pk)
    except Interrupted:
        with contextlib.suppress(ImportLost):
            hold.look_again(database_now())
    except Paused as pause:
        _later(hold, pause=pause)
    except Exception as error:  # noqa: BLE001  an import must end, whatever happens to it
        _failed(hold, error)


def _failed(hold: Hold, error: Exception) -> None:
    if isinstance(error, DestinationError):
        log.warning("import_call_failed", batch_id=hold.batch.pk, reason=error.reason)
    else:
        log.error("import_broke", batch_id=hold.batch.pk, exc_info=error)
    heed(hold, error)
    _later(hold)


def _later(hold: Hold, *, pause: Paused | None = None) -> None:
    try:
        if _is_over(hold):
            fall_back(hold, UNFINISHED, rest_s=LONG_REST_S)
        else:
            soon = database_now() + timedelta(seconds=AFTER_ERROR_S)
            at = max(soon, pause.until) if pause else soon
            hold.look_again(min(at, hold.batch.give_up_at or at))
    except ImportLost:
        log.warning("import_lost", batch_id=hold.batch.pk)


def _abandoned_before_posting(hold: Hold) -> None:
    """A worker died with it; nothing had left, so that everything just goes back."""
    give_back(hold, rest_s=SHORT_REST_S)


def _follow(hold: Hold) -> None:
    """Ask how far the import is; when it has ended, read its people back."""
    line, import_id = hold.line(), hold.batch.external_id
    status = hold.bulk.status(line, import_id)
    if status.ended:
        items = items_of(hold.batch, in_hand(hold.batch))
        record(hold, hold.bulk.read_back(line, list(items.values()), status))
    elif _is_over(hold):
        fall_back(hold, UNFINISHED, rest_s=LONG_REST_S)
    else:
        hold.look_again(database_now() + timedelta(seconds=LOOK_EVERY_S))


def _settle(hold: Hold) -> None:
    """Wait until the import cannot run any more, as nobody knows whether it was queued."""
    posted_at = hold.batch.posted_at or hold.batch.created_at
    settled = database_now() >= posted_at + timedelta(seconds=SETTLED_S)
    if settled and hold.bulk.is_idle(hold.line()):
        fall_back(hold, UNCONFIRMED, rest_s=LONG_REST_S)
    elif _is_over(hold):
        fall_back(hold, UNFINISHED, rest_s=LONG_REST_S)
    else:
        hold.look_again(database_now() + timedelta(seconds=AFTER_ERROR_S))


def _is_over(hold: Hold) -> bool:
    over = hold.batch.give_up_at
    return over is not None and database_now() >= over


STEPS: dict[ImportBatch.State, Callable[[Hold], None]] = {
    ImportBatch.State.PREPARED: _abandoned_before_posting,
    ImportBatch.State.DOUBTFUL: _settle,
    ImportBatch.State.POSTED: _follow,
}
