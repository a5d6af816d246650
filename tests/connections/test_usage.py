"""What became of a budget: our slots counted by the hour, and signs of other tools."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import usage
from connections.checking import check_connection
from connections.destinations.base import Exchange
from connections.models import Account, AccountHour
from connections.pace import pause, reserve_slot
from tests.builders import make_account
from tests.conftest import NOON

HOUR = datetime.fromisoformat(NOON)


def answer(headers: Mapping[str, str], **over: float) -> Exchange:
    times = {"started_at": 1_000.0, "elapsed_ms": 100, **over}
    return Exchange("GET", "/", "", 200, headers, "", **times)


def told(limit: int, remaining: int, **over: float) -> Exchange:
    return answer({"ratelimit-limit": str(limit), "ratelimit-remaining": str(remaining)}, **over)


def hours(account: Account) -> list[tuple[datetime, int, int]]:
    rows = AccountHour.objects.filter(account=account).order_by("hour")
    return [(row.hour, row.sent, row.refused) for row in rows]


@pytest.mark.django_db
def test_a_slot_counts_itself_without_a_statement_of_its_own():
    account = make_account()

    with CaptureQueriesContext(database) as queries:
        reserve_slot(account.pk)

    account.refresh_from_db()
    assert (account.slots_taken, len(queries)) == (1, 1)


@pytest.mark.django_db
def test_taken_slots_are_noted_once_in_the_hour_of_the_look(clock):
    account = make_account(slots_taken=7)

    noted = [usage.note_slots(timezone.now()) for _ in range(2)]
    Account.objects.update(slots_taken=9)
    noted.append(usage.note_slots(timezone.now() + timedelta(hours=1)))

    assert noted == [7, 0, 2]
    assert hours(account) == [(HOUR, 7, 0), (HOUR + timedelta(hours=1), 2, 0)]


@pytest.mark.django_db
def test_hours_older_than_ninety_days_are_forgotten(clock):
    account = make_account()
    usage.add(account.pk, HOUR - timedelta(days=91), sent=1)
    usage.add(account.pk, HOUR - timedelta(days=89), sent=2)

    usage.note_slots(timezone.now())

    assert hours(account) == [(HOUR - timedelta(days=89), 2, 0)]


@pytest.mark.django_db
def test_a_pause_counts_as_a_refusal_with_its_seconds():
    account = make_account()

    pause(account.pk, seconds=30, reason="rate_limited")
    pause(account.pk, seconds=10, reason="rate_limited")

    row = AccountHour.objects.get()
    assert (row.refused, round(row.paused_s)) == (2, 30)


@pytest.mark.parametrize(
    ("exchange", "ours", "others"),
    [
        (told(5, 1), 1, 3),
        (told(5, 1), 4, 0),
        (told(5, 4), 0, 0),
        (answer({"ratelimit-limit": "5;w=1", "ratelimit-remaining": "2"}), 1, 2),
        (answer({}), 1, None),
        (told(5, 9), 1, None),
        (answer({"ratelimit-limit": "many", "ratelimit-remaining": "2"}), 1, None),
    ],
    ids=["others", "all ours", "at least ours", "policy", "silent", "odd", "no number"],
)
def test_an_answer_tells_of_others_what_cannot_be_ours(exchange, ours, others):
    assert usage.others_in(exchange, ours=ours) == others


def hear(account: Account, clock: Any, *numbers: int, others: int = 2) -> None:
    """Calls in slots of these numbers, a minute apart, whose answers tell of others."""
    for number in numbers:
        clock.shift(60)
        now = timezone.now().timestamp()
        usage.slot_taken(account.pk, number)
        usage.call_leaves(account.pk)
        usage.answer_came(account.pk, told(5, 4 - others, started_at=now))


@pytest.mark.django_db
def test_what_answers_tell_counts_once_the_next_slot_proves_that_nobody_came_between(clock):
    account = make_account()

    hear(account, clock, 1, 2, 3, 4)

    row = AccountHour.objects.get()
    assert (row.asked, row.others) == (2, 4.0)


@pytest.mark.django_db
def test_calls_of_another_process_of_ours_are_never_taken_for_others(clock):
    account = make_account()

    hear(account, clock, 1, 3, 5, 7, 9, 11)

    assert not AccountHour.objects.exists()


@pytest.mark.django_db
def test_slots_that_threads_tell_in_the_wrong_order_are_all_ours(clock):
    account = make_account()
    hear(account, clock, 1, 2)

    usage.slot_taken(account.pk, 4)
    usage.slot_taken(account.pk, 3)
    hear(account, clock, 5)

    assert AccountHour.objects.get().asked == 1


@pytest.mark.django_db
def test_answers_are_written_down_twice_a_minute_at_most(clock):
    account = make_account()
    hear(account, clock, 1, 2, 3)

    with CaptureQueriesContext(database) as queries:
        for number in range(4, 20):
            usage.slot_taken(account.pk, number)
            usage.answer_came(account.pk, told(5, 2, started_at=timezone.now().timestamp()))

    assert len(queries) == 0


@pytest.mark.django_db
def test_our_own_calls_of_the_last_second_are_nobody_elses(clock):
    account = make_account()

    hear(account, clock, 1, 2, 3, others=0)

    row = AccountHour.objects.get()
    assert (row.asked, row.others) == (1, 0.0)


@pytest.mark.django_db
def test_every_call_is_counted_and_its_answer_read(saved):
    before = Account.objects.get().slots_taken

    check_connection(saved, now=timezone.now())

    assert Account.objects.get().slots_taken == before + 3
    assert len(usage._seen[saved.account_id].left_at) >= 3
