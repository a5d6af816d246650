"""The retry schedule: the design's delays, their spread, and their end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveries.backoff import delay_s, next_attempt_at

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FAR = NOON + timedelta(days=3)


@pytest.mark.parametrize(
    ("tries", "seconds"),
    [(1, 5), (2, 30), (3, 120), (4, 600), (5, 3_600), (6, 10_800), (7, 28_800), (20, 28_800)],
)
def test_delays_follow_the_schedule_and_then_every_eight_hours(tries, seconds):
    assert delay_s(tries, spread=0) == seconds


@given(tries=st.integers(1, 30), spread=st.floats(-1, 1))
def test_the_spread_stays_within_a_fifth(tries, spread):
    middle = delay_s(tries, spread=0)

    assert 0.8 * middle <= delay_s(tries, spread=spread) <= 1.2 * middle


def test_a_later_wish_of_the_destination_wins():
    moment = next_attempt_at(1, now=NOON, retry_until=FAR, retry_after_s=90)

    assert moment == NOON + timedelta(seconds=90)


def test_an_earlier_wish_of_the_destination_does_not_hurry_us():
    moment = next_attempt_at(3, now=NOON, retry_until=FAR, retry_after_s=1)

    assert moment is not None
    assert moment >= NOON + timedelta(seconds=96)


def test_there_is_no_next_attempt_after_the_last_moment():
    assert next_attempt_at(5, now=NOON, retry_until=NOON + timedelta(minutes=10)) is None
