"""A silence is told from the pauses that an event makes anyway."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from deliveries.rhythm import Silence, silence_in
from tests.deliveries.hours import HOUR, NOON, office, rhythm


def first_told(hours: dict[datetime, int], *, since: datetime) -> float | None:
    """After how many hours of nothing the silence is told, None for never within a week."""
    for passed in range(8 * 24):
        if silence_in(hours, now=since + HOUR * passed):
            return passed
    return None


def test_a_steady_stream_that_stops_is_told_within_hours():
    hours = rhythm(lambda _: 40, until=NOON)

    assert first_told(hours, since=NOON) == 3
    assert silence_in(hours, now=NOON + 3 * HOUR) == Silence(NOON, timedelta(0), 120)


def test_nights_and_weekends_are_no_silence():
    hours = rhythm(office, until=NOON)
    friday = datetime(2026, 2, 27, 17, tzinfo=NOON.tzinfo)
    until_friday = {hour: count for hour, count in hours.items() if hour < friday}

    assert silence_in(until_friday, now=datetime(2026, 3, 2, 9, tzinfo=NOON.tzinfo)) is None


def test_a_long_weekend_is_no_silence_but_a_second_day_without_is():
    friday = datetime(2026, 2, 27, 17, tzinfo=NOON.tzinfo)
    hours = rhythm(office, until=friday)
    tuesday = datetime(2026, 3, 3, 9, tzinfo=NOON.tzinfo)

    assert silence_in(hours, now=tuesday) is None
    told = first_told(hours, since=friday)
    assert told is not None
    assert tuesday < friday + told * HOUR <= tuesday + timedelta(days=1)


def test_a_nightly_run_is_missed_half_a_day_after_its_hour():
    hours = rhythm(lambda hour: 500 if hour.hour == 2 else 0, until=NOON)
    last = datetime(2026, 3, 2, 2, tzinfo=NOON.tzinfo)

    assert first_told(hours, since=last + HOUR) == 35


@pytest.mark.parametrize("every_days", [2, 3, 7])
def test_what_comes_every_few_days_is_never_told(every_days):
    day = NOON.toordinal()
    hours = rhythm(
        lambda hour: 100 * (hour.hour == 9 and (day - hour.toordinal()) % every_days == 0),
        until=NOON,
    )

    assert first_told(hours, since=NOON) is None


def test_what_comes_once_a_day_is_too_rare_to_tell():
    assert first_told(rhythm(lambda hour: hour.hour == 9, until=NOON), since=NOON) is None


def test_a_campaign_of_some_days_that_ends_is_no_silence():
    hours = rhythm(lambda _: 1_000, until=NOON, days=9)

    assert first_told(hours, since=NOON) is None


def test_what_is_silent_for_more_than_a_week_is_not_opened_any_more():
    hours = rhythm(lambda _: 40, until=NOON)

    assert silence_in(hours, now=NOON + timedelta(days=7, hours=1)) is None


@pytest.mark.parametrize("per_day", [1, 3, 10, 40])
def test_chance_alone_raises_no_alarm_in_a_year(per_day):
    """Events that come at random, looked at in every hour of a year."""
    chance = random.Random(per_day)
    start, told = NOON - timedelta(days=21), []
    hours: dict[datetime, int] = {}
    for passed in range(386 * 24):
        hour = start + HOUR * passed
        if passed > 21 * 24 and passed % 4 == 0 and silence_in(window(hours, hour), now=hour):
            told.append(hour)
        if came := sum(chance.random() < per_day / 240 for _ in range(10)):
            hours[hour] = came

    assert told == []


def window(hours: dict[datetime, int], now: datetime) -> dict[datetime, int]:
    """What the last three weeks hold, as the table is asked; nothing when it is no silence yet."""
    if any(hours.get(now - HOUR * back) for back in range(1, 4)):
        return {}
    return {hour: hours[hour] for hour in (now - HOUR * n for n in range(505)) if hour in hours}
