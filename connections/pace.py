"""One budget of requests per account, shared by every process on every machine.

A slot is a moment at which one request may leave. Taking it is one statement,
so two processes never get the same one. Nothing here knows what is sent.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from connections.clock import by_database_clock, database_now, now_parameter
from connections.departures import Departures
from connections.models import Account
from connections.usage import note_refusal, slot_taken
from meshes.statements import prepared_cursor

SHARE = 0.95
"""Of the allowed rate: at the full rate, jitter alone causes refusals."""

MAX_PAUSE_S = 300.0
LONG_S = 0.5

NOW_SQL = {
    "postgresql": "EXTRACT(EPOCH FROM clock_timestamp())::double precision",
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
}
MAX_SQL = {"postgresql": "GREATEST", "sqlite": "MAX"}
PAUSED_SQL = f"SELECT 1 FROM {Account._meta.db_table} WHERE id = %(id)s AND paused_until > %(now)s"  # noqa: S608


_paused_here: dict[int, float] = {}

_departures = Departures()


class Paused(Exception):
    """The account asked everyone to wait; nothing may be sent before `until`."""

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__("The account is paused.")
        self.until = until
        self.reason = reason


class Crowded(Exception):
    """The caller's slot is further away than the caller can wait.

    Units: `wait_s` in seconds from when it was reserved.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__("The account has no slot soon.")
        self.wait_s = wait_s


def reserve_slot(account_id: int) -> float:
    """How long to wait until this caller's own slot.

    Units: seconds, never negative.
    Raises: Paused while the account is paused.
    Why: strict spacing from the later of the last slot and now; no catching up.
    """
    now, greatest = NOW_SQL[connection.vendor], MAX_SQL[connection.vendor]
    gap = f"(1.0 / (requests_per_second * {SHARE}))"
    sql = (
        f"UPDATE {Account._meta.db_table} SET slots_taken = slots_taken + 1, "  # noqa: S608
        f"next_slot = {greatest}(next_slot, {now}) + {gap} "
        f"WHERE id = %(id)s AND (paused_until IS NULL OR paused_until <= %(now)s) "
        f"RETURNING next_slot - {gap} - {now}, slots_taken, {gap}"
    )
    row = _one_row(sql, account_id)
    if row is None:
        raise _paused(account_id)
    slot_taken(account_id, int(row[1]))
    _departures.keep_apart(account_id, seconds=float(row[2]))
    return max(0.0, float(row[0]))


def leave(account_id: int) -> None:
    """Return when a call may leave that has come to its slot.

    Why: slots are a gap apart, but a thread that wakes late calls late, and the
    next one would follow it too closely.
    """
    _departures.wait(account_id)


def take_slot(account_id: int) -> None:
    """Wait for this caller's own slot.

    Raises: Paused when the account is paused now or by the time the slot comes.
    """
    await_slot(account_id, seconds=reserve_slot(account_id))


def take_slot_within(account_id: int, *, seconds: float) -> None:
    """Wait for this caller's own slot, but never longer than so many seconds.

    Raises: Crowded when the slot comes later; Paused as `take_slot` does.
    """
    wait_s = reserve_slot(account_id)
    if wait_s > seconds:
        raise Crowded(wait_s)
    await_slot(account_id, seconds=wait_s)


def await_slot(account_id: int, *, seconds: float) -> None:
    """Wait so long for a slot that was reserved.

    Raises: Paused when the account was paused meanwhile.
    Why: the database is asked only after a long wait, since a question right
    before every call would make calls leave late.
    """
    if seconds <= 0:
        return
    time.sleep(seconds)
    paused_here = _paused_here.get(account_id, 0.0) > time.monotonic()
    if paused_here or (seconds > LONG_S and _one_row(PAUSED_SQL, account_id) is not None):
        raise _paused(account_id)


def push_back(account_id: int, *, seconds: float) -> None:
    """Move the slots that nobody has taken yet back by so much.

    Units: seconds that a call leaves later than its slot, of which a second
    counts at most. Why: the account counts arrivals; after a late one the
    next ones would come too close together.
    """
    Account.objects.filter(pk=account_id).update(next_slot=F("next_slot") + min(seconds, 1.0))


def pause(account_id: int, *, seconds: float, reason: str) -> None:
    """Let nobody send for so long; a pause that lasts longer already stays.

    Units: `seconds`, of which at most five minutes count.
    Why: what this adds to the account's pauses is summed up, since paused time
    does not use up a delivery's time for retries.
    """
    seconds = min(max(seconds, 0.0), MAX_PAUSE_S)
    _paused_here[account_id] = max(_paused_here.get(account_id, 0.0), time.monotonic() + seconds)
    now = database_now()
    until = now + timedelta(seconds=seconds)
    waited = 0.0
    with transaction.atomic():
        account = Account.objects.select_for_update().only("paused_until").get(pk=account_id)
        since = max(account.paused_until or now, now)
        if since < until:
            waited = (until - since).total_seconds()
            Account.objects.filter(pk=account_id).update(
                paused_until=until, pause_reason=reason, paused_s=F("paused_s") + waited
            )
    note_refusal(account_id, seconds=waited, now=now)


def _paused(account_id: int) -> Paused:
    account = Account.objects.only("paused_until", "pause_reason").get(pk=account_id)
    return Paused(account.paused_until or database_now(), account.pause_reason)


def _one_row(statement: str, account_id: int) -> Any:
    with prepared_cursor() as cursor:
        cursor.execute(by_database_clock(statement), {"id": account_id, **now_parameter()})
        return cursor.fetchone()
