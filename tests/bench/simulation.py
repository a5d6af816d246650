"""Plays intake and delivery in virtual time: processors, senders, pace and calls, nothing else.

Pure: no database, no clock and no sleep. It knows what pumps do from `deliveries/pump.py`,
and what things cost from `tests/bench/costs.py`.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.costs import POSTGRES, Costs
from tests.bench.figures import percentile

RATE, SHARE = 5.0, 0.95
GAP_S = 1 / (RATE * SHARE)
LOOK_EVERY_S, TURN_S = 0.1, 1.0
MOST_HANDS = 8
WARM_S = 1.0
"""Where events come in, what happens before counts for nothing."""

BEFORE = 0.5
"""The part of a delivery's processor time that comes before its call."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played.

    Shape: with `machine_cores` everything shares that many processors; without, each web and
    worker process has one of its own, the database has `database_cores`, and the accounts
    are elsewhere. `backlog` deliveries of each account wait at the beginning.
    """

    accounts: int
    latency_s: float = 0.15
    backlog: int = 0
    events_per_s: float = 0.0
    deliveries_per_event: float = 1.0
    seconds: float = 20.0
    webs: int = 1
    workers: int = 1
    senders: int = 48
    database_cores: int = 1
    machine_cores: int = 0
    costs: Costs = POSTGRES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Shape: `waits` are from the acceptance of an event to the moment when its call leaves;
    `busy` says for web, worker and database which part of the time they worked.
    Units: seconds.
    """

    delivered: int
    left: int
    took_s: float
    waits: list[float]
    busy: dict[str, float]

    @property
    def per_s(self) -> float:
        """Deliveries a second."""
        return self.delivered / self.took_s if self.took_s else 0.0

    def wait(self, share: float) -> float:
        """A percentile of the waits, 0 when nothing was delivered."""
        return percentile(self.waits, share) if self.waits else 0.0


class Processors:
    """So many processors that serve one after the other who came first."""

    def __init__(self, number: int) -> None:
        self.free_at = [0.0] * number
        self.used_s = 0.0

    def take(self, now: float, seconds: float, *, with_: Processors | None = None) -> float:
        """When work that comes now is done; `with_` names processors that it needs as well."""
        begins = max(now, self.free_at[0], with_.free_at[0] if with_ else 0.0)
        for each in (self, with_) if with_ and with_ is not self else (self,):
            heapq.heapreplace(each.free_at, begins + seconds)
            each.used_s += seconds
        return begins + seconds


@dataclass(slots=True)
class _Account:
    queue: deque[float] = field(default_factory=deque)
    next_slot: float = 0.0
    hands: int = 0
    answered: bool = False
    stands_in_line: bool = False


@dataclass(slots=True)
class _Worker:
    interpreter: Processors
    free: int
    mine: dict[int, int] = field(default_factory=dict)


class Simulation:
    """One play of a plan; `run` says what came of it."""

    def __init__(self, plan: Plan, *, seed: int = 1) -> None:
        self.plan, self.costs, self.dice = plan, plan.costs, random.Random(seed)
        shared = Processors(plan.machine_cores) if plan.machine_cores else None
        self.shared = shared
        self.web = Processors(plan.webs)
        self.database = shared or Processors(plan.database_cores)
        self.workers = [_Worker(Processors(1), plan.senders) for _ in range(plan.workers)]
        self.accounts = [_Account() for _ in range(plan.accounts)]
        self.line: deque[int] = deque()
        self.waits: list[float] = []
        self.delivered, self.database_s = 0, 0.0
        self.now = self.last_done = 0.0
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def run(self) -> Outcome:
        """Play until the backlog is gone, or for the plan's seconds where events come in."""
        for number, account in enumerate(self.accounts):
            account.queue.extend([0.0] * self.plan.backlog)
            if account.queue:
                self._stand_in_line(number)
        for place, worker in enumerate(self.workers):
            self._at(place * LOOK_EVERY_S / len(self.workers), self._look, worker)
        if self.plan.events_per_s:
            self._at(0.0, self._event)
        while self._events and not self._over():
            self.now, _, act, arguments = heapq.heappop(self._events)
            act(*arguments)
        return self._outcome()

    def _over(self) -> bool:
        if self.plan.events_per_s:
            return self.now >= self.plan.seconds
        return self.delivered >= self.plan.accounts * self.plan.backlog

    def _counts(self) -> bool:
        return not self.plan.events_per_s or self.now >= WARM_S

    def _outcome(self) -> Outcome:
        took = self.plan.seconds - WARM_S if self.plan.events_per_s else self.last_done
        whole = self.now or 1.0
        work = sum(worker.interpreter.used_s for worker in self.workers)
        busy = {
            "web": self.web.used_s / whole / len(self.web.free_at),
            "worker": work / whole / len(self.workers),
            "database": self.database_s / whole / len(self.database.free_at),
        }
        left = sum(len(account.queue) for account in self.accounts)
        return Outcome(self.delivered, left, took, self.waits, busy)

    def _at(self, moment: float, act: Callable[..., None], *arguments: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (moment, self._count, act, arguments))

    def _ask_database(self, now: float, ms: float) -> float:
        self.database_s += ms / 1000
        return self.database.take(now, ms / 1000)

    def _event(self) -> None:
        """An event comes in; its deliveries wait once it is stored."""
        self._at(self.now + self.dice.expovariate(self.plan.events_per_s), self._event)
        done = self.web.take(self.now, self.costs.intake_ms / 1000, with_=self.shared)
        self._at(self._ask_database(done, self.costs.intake_database_ms), self._stored)

    def _stored(self) -> None:
        whole, part = divmod(self.plan.deliveries_per_event, 1.0)
        for _ in range(int(whole) + (self.dice.random() < part)):
            number = self.dice.randrange(len(self.accounts))
            self.accounts[number].queue.append(self.now)
            if not self.accounts[number].hands:
                self._stand_in_line(number)

    def _stand_in_line(self, number: int) -> None:
        if not self.accounts[number].stands_in_line:
            self.accounts[number].stands_in_line = True
            self.line.append(number)

    def _look(self, worker: _Worker) -> None:
        """Give accounts without a sender one; then more to those that answer slowly."""
        self._at(self.now + LOOK_EVERY_S, self._look, worker)
        while worker.free and self.line:
            number = self.line.popleft()
            self.accounts[number].stands_in_line = False
            self._begin(worker, number)
        for number in list(worker.mine):
            account = self.accounts[number]
            if worker.free and account.queue and account.hands < self._wanted(account):
                self._begin(worker, number)

    def _wanted(self, account: _Account) -> int:
        hands = math.ceil(RATE * self.plan.latency_s) + 1
        return min(MOST_HANDS, hands) if account.answered else 1

    def _begin(self, worker: _Worker, number: int) -> None:
        worker.free -= 1
        worker.mine[number] = worker.mine.get(number, 0) + 1
        self.accounts[number].hands += 1
        self._claim(worker, number, self.now + TURN_S)

    def _claim(self, worker: _Worker, number: int, turn_ends: float) -> None:
        account = self.accounts[number]
        over = self.line and self.now > turn_ends
        if over or not account.queue:
            self._leave(worker, number)
            return
        accepted = account.queue.popleft()
        ready = self._work(worker, self.now, BEFORE)
        self._at(ready, self._take_slot, worker, number, turn_ends, accepted)

    def _take_slot(self, worker: _Worker, number: int, turn_ends: float, accepted: float) -> None:
        account = self.accounts[number]
        slot = max(account.next_slot, self.now)
        account.next_slot = slot + GAP_S
        if self._counts():
            self.waits.append(slot - accepted)
        answered = slot + self.plan.latency_s
        self._at(answered, self._answered, worker, number, turn_ends)

    def _answered(self, worker: _Worker, number: int, turn_ends: float) -> None:
        self.accounts[number].answered = True
        begins = self.now
        if self.shared:
            begins = self.shared.take(self.now, self.costs.call_ms / 1000)
        done = self._work(worker, begins, 1 - BEFORE)
        self._at(done, self._done, worker, number, turn_ends)

    def _done(self, worker: _Worker, number: int, turn_ends: float) -> None:
        self.delivered += self._counts()
        self.last_done = self.now
        self._claim(worker, number, turn_ends)

    def _work(self, worker: _Worker, begins: float, part: float) -> float:
        """When this part of a delivery's work in the worker and the database is done."""
        own = part * self.costs.delivery_ms / 1000
        done = worker.interpreter.take(begins, own, with_=self.shared)
        return self._ask_database(done, part * self.costs.delivery_database_ms)

    def _leave(self, worker: _Worker, number: int) -> None:
        account = self.accounts[number]
        worker.free += 1
        account.hands -= 1
        worker.mine[number] -= 1
        if not worker.mine[number]:
            del worker.mine[number]
        if account.queue and not account.hands:
            self._stand_in_line(number)
