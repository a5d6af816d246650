"""Who gets how many of an account's slots when everybody waits."""

from __future__ import annotations

from collections import Counter

import pytest

from deliveries.models import Priority
from deliveries.shares import Shares

LIVE, RETRY, REPLAY = Priority.LIVE, Priority.RETRY, Priority.REPLAY


def served(waiting: set[Priority], *, slots: int, each: int = 1) -> Counter[Priority]:
    """How many slots each class got when these always wait."""
    shares, counts = Shares(), Counter[Priority]()
    while counts.total() < slots:
        first = shares.first()
        if first is not None and first not in waiting:
            shares.none_waits(first)
            first = None
        chosen = min(waiting) if first is None else first
        counts[chosen] += each
        shares.spent(each)
    return counts


@pytest.mark.parametrize("each", [1, 2])
def test_retries_get_a_fifth_and_replays_a_tenth_while_all_wait(each):
    counts = served({LIVE, RETRY, REPLAY}, slots=1000, each=each)

    assert counts[RETRY] == pytest.approx(200 * each, abs=10) or counts[RETRY] >= 200
    assert counts[REPLAY] >= 99
    assert counts[LIVE] > counts[RETRY] > counts[REPLAY]


def test_live_deliveries_get_everything_that_nobody_else_waits_for():
    assert served({LIVE}, slots=100) == {LIVE: 100}


def test_retries_go_before_replays_when_nothing_live_waits():
    counts = served({RETRY, REPLAY}, slots=1000)

    assert counts[REPLAY] == pytest.approx(100, abs=2)


def test_what_nobody_waited_for_is_not_owed_later():
    shares = Shares()
    shares.spent(100)
    while (first := shares.first()) is not None:
        shares.none_waits(first)

    shares.spent(1)

    assert shares.first() is None
