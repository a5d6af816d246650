"""The loop that finds accounts with due work and keeps senders busy on them.

One run lasts 45 seconds inside a django-q2 task and then hands over. It holds
no truth of its own: a lost, doubled or late run changes nothing in the tables.
"""

from __future__ import annotations

import math
import os
import time
import uuid
from collections.abc import Callable

import structlog
from django.db import DatabaseError, close_old_connections, connection

from connections import leases
from deliveries import beats, latency, recovery, wakeup
from deliveries.claiming import DueAccount, claim, due_accounts
from deliveries.crew import Crew
from deliveries.sending import send

LOOK_EVERY_S = 0.1
RUN_S = 45.0
FINISH_S = 40.0
BEAT_EVERY_S = 1.0
LEASE_EVERY_S = 10.0
SENDERS = {"postgresql": 32, "sqlite": 8}
SENDERS_PER_ACCOUNT = 8
TURN_S = 1.0

log = structlog.get_logger(__name__)


class Pump:
    """One run: looks, drives accounts, and gives them back at the end."""

    def __init__(self, *, run_s: float) -> None:
        self.owner = str(uuid.uuid4())
        self.ends_at = time.monotonic() + run_s
        self.crew = Crew(SENDERS[connection.vendor])
        self.leased: dict[int, float] = {}
        self.served: dict[int, float] = {}
        self.claiming = True
        self.parent = os.getppid()
        self.last_beat = 0.0

    def run(self) -> bool:
        """Work until the time is over; True when a successor should follow."""
        row = beats.start("pump")
        try:
            asked_to_stop = not beats.is_first(row) or self._loop(row.pk)
        finally:
            self.claiming = False
            beats.ask_to_stop(pk=row.pk)
        return not asked_to_stop

    def close(self) -> None:
        """Let senders finish what they have in hand, and give the accounts back."""
        self.claiming = False
        if not self.crew.finish(within_s=FINISH_S):
            log.warning("senders_left_behind")
        leases.release(list(self.leased), owner=self.owner)

    def _loop(self, row_id: uuid.UUID) -> bool:
        while time.monotonic() < self.ends_at:
            try:
                if not self._still_wanted(row_id):
                    return True
                self._look()
            except DatabaseError as error:
                log.warning("database_unavailable", error=type(error).__name__)
                close_old_connections()
                time.sleep(1.0)
            wakeup.wait(LOOK_EVERY_S)
        return False

    def _still_wanted(self, row_id: uuid.UUID) -> bool:
        if time.monotonic() - self.last_beat < BEAT_EVERY_S:
            return True
        self.last_beat = time.monotonic()
        recovery.pick_up_abandoned()
        recovery.release_held()
        return beats.beat(row_id) and os.getppid() == self.parent

    def _look(self) -> None:
        due = due_accounts(self.owner)
        for account in sorted(due, key=lambda account: self.served.get(account.id, 0.0)):
            if self.crew.free() <= 0:
                return
            if self.crew.busy(account.id) < wanted(account) and self._may_drive(account.id):
                self.served[account.id] = time.monotonic()
                self.crew.start(account.id, self._send_for)

    def _may_drive(self, account_id: int) -> bool:
        if time.monotonic() - self.leased.get(account_id, -LEASE_EVERY_S) < LEASE_EVERY_S:
            return True
        if not leases.acquire(account_id, owner=self.owner):
            self.leased.pop(account_id, None)
            return False
        self.leased[account_id] = time.monotonic()
        return True

    def _send_for(self, account_id: int) -> None:
        """Send what is due for one account, for a turn, so that others get theirs."""
        until = time.monotonic() + TURN_S
        while self.claiming and self._may_drive(account_id):
            held = claim(account_id)
            if held is None:
                return
            send(held)
            if time.monotonic() > until and self.crew.free() <= 0:
                return


def wanted(account: DueAccount) -> int:
    """How many calls to keep in flight, so that slow answers do not slow the pace."""
    in_flight = account.requests_per_second * latency.seconds_of(account.id)
    return max(1, min(SENDERS_PER_ACCOUNT, math.ceil(in_flight) + 1))


def run_pump(hand_over: Callable[[], object]) -> bool:
    """Run one pump; False when this worker has one already.

    Shape: `hand_over` is called when the time is over and nobody stopped it.
    """
    if beats.alive("pump", worker=beats.own_worker()):
        return False
    pump = Pump(run_s=RUN_S)
    try:
        if pump.run():
            hand_over()
    finally:
        pump.close()
    return True
