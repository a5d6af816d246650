"""How an account's budget is used hour by hour: what is ours, and what others took.

Cheap: a slot counts itself in the statement that takes it, and what answers tell is
kept in memory and written at most twice a minute. Pages only read what stands here.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from connections.destinations.base import Exchange
from connections.models import Account, AccountHour

HOUR = timedelta(hours=1)
KEPT = timedelta(days=90)
WRITE_EVERY_S = 30.0
WINDOW_S = 1.0
"""The time in which an account counts the requests that its limit allows."""

LATE_S = 0.03
"""How much later than the last one a call of ours may arrive, and count with this one."""

COLUMNS = ("sent", "refused", "paused_s", "asked", "others")

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Seen:
    """What this process saw of one account since it last wrote.

    Shape: `first`, `last` and `own` tell whether every slot between two of
    ours is ours, too; `unsure` holds what answers told until that is known.
    Units: moments are in seconds since the epoch.
    """

    left_at: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    first: int = 0
    last: int = 0
    own: int = 0
    doubted_at: float = 0.0
    shared_at: float = 0.0
    unsure: deque[int] = field(default_factory=lambda: deque(maxlen=256))
    asked: int = 0
    others: int = 0
    written_at: float = 0.0

    @property
    def alone(self) -> bool:
        """Whether no other process of ours took a slot since `first`."""
        return self.last - self.first + 1 == self.own


_seen: dict[int, _Seen] = {}
_guard = threading.Lock()


def hour_of(moment: datetime) -> datetime:
    """The beginning of the moment's hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def call_leaves(account_id: int) -> None:
    """Remember that a call of ours leaves now, so that nobody takes it for another's."""
    with _guard:
        _seen.setdefault(account_id, _Seen()).left_at.append(time.time())


def slot_taken(account_id: int, number: int) -> None:
    """Remember that the account's slot of this number is ours.

    Why: a gap in the numbers is another process of ours, whose calls nobody
    here knows of; what answers told meanwhile says nothing about other tools.
    """
    now = time.time()
    with _guard:
        seen = _seen.setdefault(account_id, _Seen())
        if not seen.own:
            seen.first, seen.last, seen.shared_at = number, number, now
        seen.first, seen.last = min(seen.first, number), max(seen.last, number)
        seen.own += 1
        if seen.alone:
            seen.asked, seen.others = seen.asked + len(seen.unsure), seen.others + sum(seen.unsure)
            seen.unsure.clear()
            seen.doubted_at = 0.0
        elif not seen.doubted_at:
            seen.doubted_at = now  # two threads may tell theirs in the wrong order
        elif now - seen.doubted_at > WINDOW_S:
            seen.first, seen.last, seen.own = number, number, 1
            seen.doubted_at, seen.shared_at = 0.0, now
            seen.unsure.clear()


def answer_came(account_id: int, exchange: Exchange) -> None:
    """Learn from the answer how much of the limit went to others.

    Why: it never raises, since the answer itself matters more than this.
    """
    told = others_in(exchange, ours=_ours_around(account_id, exchange))
    tally = _tally(account_id, told, at=exchange.started_at)
    if tally is None:
        return
    try:
        add(account_id, hour_of(timezone.now()), asked=tally[0], others=tally[1])
    except DatabaseError as error:
        log.warning("usage_not_written", account=account_id, error=type(error).__name__)


def others_in(exchange: Exchange, *, ours: int) -> int | None:
    """How many requests of others the answer counts; None where it does not tell.

    Shape: at least so many; what may have been ours counts as ours.
    Source: ActiveCampaign API v3 reference, section 12 (`RateLimit-*`).
    """
    limit = _number(exchange, "ratelimit-limit")
    remaining = _number(exchange, "ratelimit-remaining")
    if limit is None or remaining is None or not 0 <= remaining <= limit:
        return None
    return max(0, limit - remaining - max(1, ours))


def note_slots(now: datetime) -> int:
    """How many slots were taken since the last look; they stand in this hour from now on."""
    moved = Account.objects.filter(slots_taken__gt=F("slots_noted"))
    noted = 0
    for pk, taken, before in moved.values_list("pk", "slots_taken", "slots_noted"):
        with transaction.atomic():
            mine = Account.objects.filter(pk=pk, slots_noted=before)
            if mine.update(slots_noted=taken):
                add(pk, hour_of(now), sent=taken - before)
                noted += taken - before
    AccountHour.objects.filter(hour__lt=hour_of(now) - KEPT).delete()
    return noted


def note_refusal(account_id: int, *, seconds: float, now: datetime) -> None:
    """Count an answer that asked us to slow down, and how long it made us wait."""
    add(account_id, hour_of(now), refused=1, paused_s=seconds)


def add(account_id: int, hour: datetime, **amounts: float) -> None:
    """Add the amounts to the account's hour with one statement."""
    names = [name for name in COLUMNS if name in amounts]
    table = AccountHour._meta.db_table
    columns = ", ".join(COLUMNS)
    grown = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)
    sql = (
        f"INSERT INTO {table} (account_id, hour, {columns}) "  # noqa: S608
        f"VALUES (%s, %s, {', '.join(['%s'] * len(COLUMNS))}) "
        f"ON CONFLICT (account_id, hour) DO UPDATE SET {grown}"
    )
    moment = connection.ops.adapt_datetimefield_value(hour)
    with connection.cursor() as cursor:
        cursor.execute(sql, [account_id, moment, *(amounts.get(name, 0) for name in COLUMNS)])


def _ours_around(account_id: int, exchange: Exchange) -> int:
    since = exchange.started_at - WINDOW_S - LATE_S
    until = exchange.started_at + exchange.elapsed_ms / 1000
    with _guard:
        known = _seen.get(account_id)
        return sum(since < moment <= until for moment in known.left_at) if known else 0


def _tally(account_id: int, others: int | None, *, at: float) -> tuple[int, int] | None:
    """What to write now, or None while there is nothing or the last writing is too fresh."""
    with _guard:
        seen = _seen.setdefault(account_id, _Seen())
        if others is not None and at - 2 * WINDOW_S > seen.shared_at:
            seen.unsure.append(others)
        if not seen.asked or time.time() - seen.written_at < WRITE_EVERY_S:
            return None
        tally = (seen.asked, seen.others)
        seen.asked, seen.others, seen.written_at = 0, 0, time.time()
        return tally


def _number(exchange: Exchange, header: str) -> int | None:
    # Some servers append a policy: `5, 5;w=1`.
    text = exchange.response_headers.get(header, "").split(",")[0].split(";")[0].strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
