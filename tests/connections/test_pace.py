"""One budget for everybody: slots a gap apart, pauses that nobody shortens."""

from __future__ import annotations

import itertools
import random
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from connections import pace
from connections.destinations.activecampaign.sandbox.limiter import SlidingWindow
from connections.models import Account
from connections.pace import Paused, pause, push_back, reserve_slot, take_slot
from tests.builders import make_account
from tests.threads import aside, at_once

GAP = 1 / (5 * 0.95)
LATENCY_S = 0.05
"""How much later than its slot a request may arrive before the limit is in danger."""


def reserved(account: Account) -> float:
    """The moment of the next slot, in seconds since the epoch, now taken."""
    reserve_slot(account.pk)
    account.refresh_from_db()
    return account.next_slot - 1 / (account.requests_per_second * 0.95)


def pause_left(account: Account) -> timedelta:
    account.refresh_from_db()
    assert account.paused_until is not None
    return account.paused_until - timezone.now()


@pytest.mark.django_db
def test_callers_at_once_get_slots_one_gap_apart():
    account = make_account(requests_per_second=5.0)

    slots = [reserved(account) for _ in range(6)]

    gaps = [after - before for before, after in itertools.pairwise(slots)]
    assert gaps == pytest.approx([GAP] * 5, abs=0.001)


@pytest.mark.django_db
def test_the_first_caller_does_not_wait_and_the_third_waits_two_gaps():
    account = make_account(requests_per_second=0.5)

    waits = [reserve_slot(account.pk) for _ in range(3)]

    assert waits[0] == 0.0
    assert waits[1:] == pytest.approx([1 / 0.475, 2 / 0.475], abs=0.5)


@pytest.mark.django_db
def test_an_idle_account_catches_nothing_up():
    account = make_account(requests_per_second=0.5, next_slot=time.time() - 3600)

    assert reserve_slot(account.pk) == 0.0
    assert reserve_slot(account.pk) == pytest.approx(1 / 0.475, abs=0.5)


@pytest.mark.django_db
def test_accounts_do_not_wait_for_each_other():
    busy, other = make_account(key="busy", requests_per_second=0.1), make_account(key="other")
    reserve_slot(busy.pk)

    assert reserve_slot(busy.pk) > 5
    assert reserve_slot(other.pk) == 0.0


@pytest.mark.django_db(transaction=True)
def test_threads_never_get_the_same_slot():
    begin, gap = time.time() + 1000, 1 / (0.01 * 0.95)
    account = make_account(requests_per_second=0.01, next_slot=begin)

    def take_twelve() -> list[float]:
        return [time.time() + reserve_slot(account.pk) for _ in range(12)]

    moments = [moment for taken in at_once(6, take_twelve) for moment in taken]

    assert sorted(round((moment - begin) / gap) for moment in moments) == list(range(72))


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_several_processes_never_put_more_than_five_requests_into_any_second(seed, monkeypatch):
    """In virtual time; the sandbox's own limiter is the judge."""
    dice = random.Random(seed)
    account = make_account(requests_per_second=5.0)
    begin = time.time() + 1000
    processes = [begin + dice.random() for _ in range(dice.randint(4, 20))]
    arrivals = []
    for _ in range(250):
        index = min(range(len(processes)), key=processes.__getitem__)
        monkeypatch.setitem(pace.NOW_SQL, connection.vendor, f"{processes[index]:.6f}")
        slot = processes[index] + reserve_slot(account.pk)
        arrivals.append(slot + dice.uniform(0, LATENCY_S))
        processes[index] = slot + dice.choice([0.0, 0.02, 0.3, 2.0]) * dice.random()

    judge = SlidingWindow(limit=5, window_s=1.0)
    assert all(judge.ask(moment).allowed for moment in sorted(arrivals))


@pytest.mark.django_db
def test_a_paused_account_gives_no_slot_and_says_until_when():
    until = timezone.now() + timedelta(seconds=60)
    account = make_account(paused_until=until, pause_reason="rate_limited")

    with pytest.raises(Paused) as refused:
        reserve_slot(account.pk)

    account.refresh_from_db()
    assert (refused.value.until, refused.value.reason) == (until, "rate_limited")
    assert account.next_slot == 0.0


@pytest.mark.django_db
def test_a_pause_that_is_over_holds_nobody_back():
    account = make_account(paused_until=timezone.now() - timedelta(seconds=1))

    assert reserve_slot(account.pk) == 0.0


@pytest.mark.django_db(transaction=True)
def test_a_pause_also_stops_those_who_wait_for_their_slot():
    account = make_account(next_slot=time.time() + 1.0)
    pausing = aside(lambda: pause(account.pk, seconds=60, reason="rate_limited"))

    with pytest.raises(Paused):
        take_slot(account.pk)

    pausing.join()


@pytest.mark.django_db
def test_a_shorter_pause_does_not_shorten_a_longer_one():
    account = make_account()

    pause(account.pk, seconds=120, reason="rate_limited")
    pause(account.pk, seconds=5, reason="overloaded")

    assert pause_left(account) > timedelta(seconds=100)
    assert account.pause_reason == "rate_limited"


@pytest.mark.django_db
def test_a_longer_pause_replaces_a_shorter_one():
    account = make_account()

    pause(account.pk, seconds=5, reason="overloaded")
    pause(account.pk, seconds=120, reason="rate_limited")

    assert pause_left(account) > timedelta(seconds=100)
    assert account.pause_reason == "rate_limited"


@pytest.mark.django_db
def test_a_pause_lasts_five_minutes_at_most():
    account = make_account()

    pause(account.pk, seconds=86_400, reason="rate_limited")

    assert timedelta(seconds=290) < pause_left(account) <= timedelta(seconds=300)


@pytest.mark.django_db
def test_pauses_add_up_without_counting_a_moment_twice():
    account = make_account()

    pause(account.pk, seconds=60, reason="rate_limited")
    pause(account.pk, seconds=100, reason="rate_limited")
    pause(account.pk, seconds=10, reason="rate_limited")

    account.refresh_from_db()
    assert account.paused_s == pytest.approx(100, abs=1)


@pytest.mark.django_db
def test_a_late_call_moves_the_slots_that_nobody_has_taken():
    account = make_account(requests_per_second=0.5)
    reserve_slot(account.pk)

    push_back(account.pk, seconds=0.3)

    assert reserve_slot(account.pk) == pytest.approx(1 / 0.475 + 0.3, abs=0.1)


@pytest.mark.django_db
def test_a_very_late_call_moves_them_by_a_second_at_most():
    account = make_account(next_slot=1000.0)

    push_back(account.pk, seconds=20)

    account.refresh_from_db()
    assert account.next_slot == 1001.0
