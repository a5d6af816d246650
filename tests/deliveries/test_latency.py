"""How slow an account answers decides how many calls are kept in flight."""

from __future__ import annotations

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
