"""The loop that finds accounts with due work and keeps senders busy on them.

One run lasts 45 seconds inside a django-q2 task and then hands over. It holds
no truth of its own: a lost, doubled or late run changes nothing in the tables.
"""

from __future__ import annotations

import math
import os
import random
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from connections import leases
from deliveries import beats, imports, latency, wakeup
from deliveries.claiming import Claim, DueAccount, claim, due_accounts
from deliveries.crew import Crew
from deliveries.sending import send
from deliveries.shares import Shares
from deliveries.sweeping import Sweeper

LOOK_EVERY_S = 0.1
REST_PER_LOOK = 3.0
"""So many times as long as a look took is waited for the next, when that is longer.

With thousands of accounts a look takes long, and senders need the processor more."""

RUN_S = 45.0
FINISH_S = 40.0
BEAT_EVERY_S = 1.0
LEASE_EVERY_S = 5.0
RESERVE = 2 / 3
"""As many senders more, for calls that hang."""

SENDERS_PER_ACCOUNT = 8
UNWELL_PART = 4
"""Accounts that fail or do not answer get one part in so many of the senders, all together."""

TURN_S = 1.0
SWITCH_S = 0.001
"""Python's own 5 ms would let a sender that has an answer to write down wait for each busy one."""

log = structlog.get_logger(__name__)


class Pump:
    """One run: looks, drives accounts, and gives them back at the end."""

    def __init__(self, *, run_s: float) -> None:
        self.owner = str(uuid.uuid4())
        self.ends_at = time.monotonic() + run_s
        senders = settings.WORKER_SENDERS
        self.crew = Crew(senders, most=senders + max(1, round(senders * RESERVE)))
        self.most_unwell = max(1, senders // UNWELL_PART)
        self.unwell: set[int] = set()
        self.unserved = 0
        self.alone = True
        self.salt = random.getrandbits(32)
        self.sweeper = Sweeper()
        self.leased: dict[int, float] = {}
        self.served: dict[int, float] = {}
        self.shares: defaultdict[int, Shares] = defaultdict(Shares)
        self.claiming = True
        self.row_id: uuid.UUID | None = None
        self.parent = os.getppid()
        self.last_beat = 0.0

    def run(self) -> bool:
        """Work until the time is over; True when a successor should follow."""
        row = beats.start("pump")
        self.row_id = row.pk
        try:
            asked_to_stop = not beats.is_first(row) or self._work(row.pk)
        finally:
            self.claiming = False
            beats.ask_to_stop(pk=row.pk)
        return not asked_to_stop

    def close(self) -> None:
        """Give the accounts back, and let senders finish what they have in hand.

        Why: in this order, as a call that hangs must not keep the next pump
        from the other accounts.
        """
        self.claiming = False
        leases.release(list(self.leased), owner=self.owner)
        until = time.monotonic() + FINISH_S
        self.sweeper.stop(within_s=FINISH_S / 4)
        while not self.crew.idle(within_s=BEAT_EVERY_S) and time.monotonic() < until:
            self._beat_while_closing()
        if not self.crew.finish(within_s=0.0):
            log.warning("senders_left_behind")

    def _beat_while_closing(self) -> None:
        """Show that this process lives, although it takes no more work."""
        try:
            if self.row_id is not None:
                beats.beat(self.row_id)
        except DatabaseError as error:
            log.warning("database_unavailable", error=type(error).__name__)
            close_old_connections()

    def _work(self, row_id: uuid.UUID) -> bool:
        self.sweeper.start()
        return self._loop(row_id)

    def _loop(self, row_id: uuid.UUID) -> bool:
        while time.monotonic() < self.ends_at:
            try:
                if not self._still_wanted(row_id):
                    return True
                began = time.monotonic()
                self._look()
                took = time.monotonic() - began
            except DatabaseError as error:
                log.warning("database_unavailable", error=type(error).__name__)
                close_old_connections()
                took = 1.0 / REST_PER_LOOK
            wakeup.wait(max(LOOK_EVERY_S, REST_PER_LOOK * took))
        return False

    def _still_wanted(self, row_id: uuid.UUID) -> bool:
        if time.monotonic() - self.last_beat < BEAT_EVERY_S:
            return True
        self.last_beat = time.monotonic()
        for account_id in imports.accounts_to_drive():
            self.crew.start(account_id, self._drive_import)
        self.alone = beats.alive("pump") < 2
        return beats.beat(row_id) and os.getppid() == self.parent

    def _drive_import(self, account_id: int) -> None:
        imports.drive(account_id, going=lambda: self.claiming)

    def _look(self) -> None:
        """Start senders: one for every account first, then more for those that need them.

        Why: an account that works well and has nobody gets one at once, if need
        be from the reserve, so that accounts that fail keep it waiting never.
        """
        due = [each for each in due_accounts(self.owner) if not latency.rests(each.id)]
        unwell = {account.id for account in due if is_unwell(account)}
        self.unwell -= {account.id for account in due} - unwell
        self.unwell |= unwell
        due.sort(key=self._place)
        idle = [account for account in due if not self.crew.busy(account.id)]
        self._serve([each for each in idle if each.id not in unwell], to_the_last=True)
        self._serve([each for each in idle if each.id in unwell])
        self.unserved = sum(not self.crew.busy(account.id) for account in idle)
        self._serve(due)

    def _place(self, account: DueAccount) -> tuple[bool, float, int]:
        """Where the account stands in the line; new ones in another order for each pump."""
        waits_since = self.served.get(account.id, 0.0)
        return account.id in self.unwell, waits_since, account.id ^ self.salt

    def _serve(self, accounts: Iterable[DueAccount], *, to_the_last: bool = False) -> None:
        for account in accounts:
            if self.crew.free(to_the_last=to_the_last) <= 0:
                return
            if self._has_room(account):
                self.served[account.id] = time.monotonic()
                self.crew.start(account.id, self._send_for)

    def _has_room(self, account: DueAccount) -> bool:
        if self.crew.busy(account.id) >= wanted(account):
            return False
        return account.id not in self.unwell or self.crew.busy_with(self.unwell) < self.most_unwell

    def _may_drive(self, account_id: int) -> bool:
        if time.monotonic() - self.leased.get(account_id, -LEASE_EVERY_S) < LEASE_EVERY_S:
            return True
        if not leases.acquire(account_id, owner=self.owner):
            self.leased.pop(account_id, None)
            return False
        self.leased[account_id] = time.monotonic()
        if not self.claiming:  # closed meanwhile, when all others were given back
            leases.release([account_id], owner=self.owner)
        return self.claiming

    def _send_for(self, account_id: int) -> None:
        """Send what is due for one account, for a turn, so that others get theirs.

        Why: the lease is taken here, since a write that waits must not keep the
        loop from accounts that work. It is given back at once while there is too
        much to do here, so that pumps of other machines can help.
        """
        self._send_turn(account_id)
        if self.unserved and not self.alone and self.crew.busy(account_id) <= 1:
            self.leased.pop(account_id, None)
            leases.release([account_id], owner=self.owner)

    def _send_turn(self, account_id: int) -> None:
        until = time.monotonic() + TURN_S
        while self.claiming and self._may_drive(account_id):
            self.crew.went_on()
            held = self._next(account_id)
            if held is None:
                return
            self.shares[account_id].spent(send(held))
            if latency.rests(account_id) or (self.unserved and time.monotonic() > until):
                return

    def _next(self, account_id: int) -> Claim | None:
        shares = self.shares[account_id]
        first = shares.first()
        if first is not None:
            held = claim(account_id, only=first)
            if held is not None:
                return held
            shares.none_waits(first)
        return claim(account_id)


def wanted(account: DueAccount) -> int:
    """How many calls to keep in flight, so that slow answers do not slow the pace.

    Shape: one for an account that has not answered lately or well, as its call may hang.
    """
    if is_unwell(account) or not latency.answers(account.id):
        return 1
    in_flight = account.requests_per_second * latency.seconds_of(account.id)
    return max(1, min(SENDERS_PER_ACCOUNT, math.ceil(in_flight) + 1))


def is_unwell(account: DueAccount) -> bool:
    """Whether the account's last attempt failed on its side, or got no answer in time."""
    return account.silent or latency.is_failing(account.id)


def run_pump(hand_over: Callable[[], object]) -> bool:
    """Run one pump; False when this worker has one already.

    Shape: `hand_over` is called when the time is over and nobody stopped it.
    """
    if beats.alive("pump", worker=beats.own_worker()):
        return False
    sys.setswitchinterval(SWITCH_S)
    pump = Pump(run_s=RUN_S)
    try:
        if pump.run():
            hand_over()
    finally:
        pump.close()
    return True
