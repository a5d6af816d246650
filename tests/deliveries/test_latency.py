"""How slow an account answers decides how many calls are kept in flight."""

from __future__ import annotations

import time

import pytest

from connections.destinations.base import Exchange
from deliveries import latency
from deliveries.claiming import DueAccount
from deliveries.pump import wanted


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch):
    monkeypatch.setattr(latency, "_seconds", {})


def answer(elapsed_ms: int) -> Exchange:
    return Exchange("GET", "/", "", 200, {}, "", 0.0, elapsed_ms)


def test_an_account_never_seen_counts_as_fast():
    assert latency.seconds_of(1) == 0.0


def test_the_first_answer_is_the_average_and_later_ones_move_it_by_a_fifth():
    latency.note(1, [answer(100), answer(200)])

    assert latency.seconds_of(1) == pytest.approx(0.12)
    assert latency.seconds_of(2) == 0.0


@pytest.mark.parametrize(
    ("rate", "elapsed_ms", "calls"),
    [(5, 0, 1), (5, 150, 2), (5, 300, 3), (5, 1000, 6), (5, 30_000, 8), (1, 100, 2)],
)
def test_as_many_calls_are_in_flight_as_the_answers_take(rate, elapsed_ms, calls):
    latency.note(1, [answer(elapsed_ms)])

    assert wanted(DueAccount(1, float(rate))) == calls


@pytest.mark.parametrize(
    ("in_a_row", "ago_s", "rests"),
    [
        (2, 0.0, False),
        (3, 0.5, True),
        (3, 1.1, False),
        (4, 1.5, True),
        (90, 4.5, True),
        (90, 5.1, 0),
    ],
)
def test_each_failure_after_the_third_in_a_row_costs_a_second_more_up_to_five(
    in_a_row, ago_s, rests
):
    latency._failing[1] = (in_a_row, time.monotonic() - ago_s)

    assert latency.rests(1) is bool(rests)
    assert not latency.rests(2)


def test_an_account_that_works_again_rests_no_more():
    for _ in range(5):
        latency.note_failure(1, failed=True)
    assert latency.rests(1)

    latency.note_failure(1, failed=False)
    latency.note_failure(1, failed=True)

    assert latency.is_failing(1)
    assert not latency.rests(1)
