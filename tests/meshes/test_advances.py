"""Tokens taken ahead: only by a key that sends fast, never for long, never past the budget."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshes import throttling
from meshes.advances import AHEAD_S, LAPSES_AFTER_S, Advances
from meshes.api_errors import TooManyRequests
from meshes.throttling import MemoryBuckets, take

KEY = "key"


def test_a_key_that_was_never_seen_takes_nothing_ahead():
    advances = Advances(kept=10)

    assert not advances.spend(KEY, cost=1, now=0.0)
    assert advances.worth_taking(KEY, cost=1, rate=50.0, now=0.0) == 0


def test_a_slow_key_takes_nothing_ahead_and_a_fast_one_what_it_uses_in_a_tenth_of_a_second():
    advances = Advances(kept=10)
    advances.note(KEY, cost=1, left=0, now=100.0)

    assert advances.worth_taking(KEY, cost=1, rate=1000.0, now=100.5) == 0
    assert advances.worth_taking(KEY, cost=1, rate=1000.0, now=100.0625) == 1
    assert advances.worth_taking(KEY, cost=1, rate=1000.0, now=100.005) == 20
    assert advances.worth_taking(KEY, cost=1, rate=50.0, now=100.005) == 5
    assert advances.worth_taking(KEY, cost=1, rate=5.0, now=100.005) == 0


def test_an_advance_is_spent_down_to_nothing():
    advances = Advances(kept=10)
    advances.note(KEY, cost=1, left=3, now=100.0)

    spent = [advances.spend(KEY, cost=cost, now=100.1) for cost in (1, 3, 2, 1)]

    assert spent == [True, False, True, False]
    assert advances.worth_taking(KEY, cost=1, rate=1000.0, now=100.25) == 1


def test_an_advance_lapses():
    advances = Advances(kept=10)
    advances.note(KEY, cost=1, left=3, now=100.0)

    assert not advances.spend(KEY, cost=1, now=100.0 + LAPSES_AFTER_S)


def test_the_least_recently_asked_keys_are_forgotten():
    advances = Advances(kept=2)
    for key in "abc":
        advances.note(key, cost=1, left=1, now=0.0)

    assert [advances.spend(key, cost=1, now=0.0) for key in "abc"] == [False, True, True]


def test_nothing_is_taken_ahead_that_could_not_pay_for_another_request_like_this():
    advances = Advances(kept=10)
    advances.note(KEY, cost=9, left=0, now=100.0)

    assert advances.worth_taking(KEY, cost=9, rate=50.0, now=100.1) == 0
    assert advances.worth_taking(KEY, cost=5, rate=50.0, now=100.1) == 5


def test_what_is_left_stays_when_more_was_needed():
    advances = Advances(kept=10)
    advances.note(KEY, cost=1, left=4, now=100.0)
    advances.note(KEY, cost=50, left=0, now=100.5)

    assert advances.spend(KEY, cost=4, now=101.0)


@pytest.mark.parametrize(("cost", "gap_s"), [(9, 0.2), (4, 0.1), (24, 0.5), (1, 0.025), (5, 0.1)])
def test_a_key_within_its_rate_keeps_its_burst(cost, gap_s):
    rate, burst, tokens, now, advances = 50.0, 200.0, 200.0, 0.0, Advances(kept=10)
    for _ in range(int(60 / gap_s)):
        if not advances.spend(KEY, cost=cost, now=now):
            ahead = advances.worth_taking(KEY, cost=cost, rate=rate, now=now)
            left = max(0, min(ahead, int(tokens - cost - burst / 2)))
            tokens -= cost + left
            advances.note(KEY, cost=cost, left=left, now=now)
        now += gap_s
        tokens = min(burst, tokens + gap_s * rate)

    assert tokens >= burst - cost - rate / 10


@given(
    st.lists(st.tuples(st.floats(0, 0.4), st.integers(1, 100)), min_size=1, max_size=60),
    st.floats(1, 1000),
)
def test_nothing_is_spent_that_was_not_taken(requests, rate):
    advances, now, taken, paid = Advances(kept=10), 0.0, 0, 0
    for passed, cost in requests:
        now += passed
        paid += cost
        if not advances.spend(KEY, cost=cost, now=now):
            ahead = advances.worth_taking(KEY, cost=cost, rate=rate, now=now)
            assert 0 <= ahead <= rate * AHEAD_S
            assert ahead == 0 or ahead >= cost
            advances.note(KEY, cost=cost, left=ahead, now=now)
            taken += cost + ahead
    assert paid <= taken


@pytest.fixture
def budget(settings, redis_url, monkeypatch):
    """All of it in Redis: 200 at once, one a second."""
    monkeypatch.setattr(throttling, "_memory", MemoryBuckets())
    monkeypatch.setattr(throttling, "_times", {"retry_redis": 0.0, "complaint": -60.0})
    settings.REDIS_URL, settings.THROTTLE_EVENTS_BURST = redis_url, 200
    return settings


def asked(monkeypatch) -> list[int]:
    """How much was asked for ahead, question by question."""
    found: list[int] = []
    script = throttling._script

    def listening(url: str):
        def ask(*, keys, args):
            found.append(args[3])
            return script(url)(keys=keys, args=args)

        return ask

    monkeypatch.setattr(throttling, "_script", listening)
    return found


@pytest.mark.redis
def test_a_fast_key_asks_redis_a_few_times_while_its_bucket_is_half_full(budget, monkeypatch):
    budget.THROTTLE_EVENTS_PER_SECOND = 500.0
    questions, key = asked(monkeypatch), uuid4()

    for _ in range(90):
        take(key)

    assert len(questions) < 45
    assert max(questions) > 1


@pytest.mark.redis
def test_the_last_half_of_a_bucket_is_counted_one_by_one(budget, monkeypatch):
    budget.THROTTLE_EVENTS_PER_SECOND = 1.0
    questions, key = asked(monkeypatch), uuid4()
    take(key, cost=110)

    for _ in range(90):
        take(key)
    with pytest.raises(TooManyRequests):
        take(key, cost=5)

    assert len(questions) == 92


@pytest.mark.redis
def test_advances_of_two_processes_stay_within_the_one_budget(budget, monkeypatch):
    budget.THROTTLE_EVENTS_PER_SECOND = 30.0
    key, mine = uuid4(), (Advances(kept=10), Advances(kept=10))
    granted = 0
    for number in range(600):
        monkeypatch.setattr(throttling, "_advances", mine[number % 2])
        try:
            take(key)
        except TooManyRequests:
            break
        granted += 1

    assert 190 <= granted <= 200 + 30 * 5


@pytest.mark.redis
def test_a_refusal_takes_no_advance_away(budget, monkeypatch):
    budget.THROTTLE_EVENTS_PER_SECOND = 1.0
    mine, key = Advances(kept=10), uuid4()
    monkeypatch.setattr(throttling, "_advances", mine)
    take(key, cost=99)
    mine.note(("EVENTS", key, (1.0, 200.0)), cost=1, left=5, now=time.monotonic())
    take(key, cost=99)

    with pytest.raises(TooManyRequests):
        take(key, cost=100)

    take(key, cost=5)


@pytest.mark.redis
def test_a_limit_that_changed_counts_at_once(budget):
    budget.THROTTLE_EVENTS_PER_SECOND = 500.0
    key = uuid4()
    for _ in range(20):
        take(key)

    take(key, cost=100, own=(1.0, 100))
    with pytest.raises(TooManyRequests):
        take(key, own=(1.0, 100))
