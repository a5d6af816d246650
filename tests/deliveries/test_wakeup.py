"""Nudges through Redis, and life without them."""

from __future__ import annotations

import time

import pytest
import redis

from deliveries import wakeup


@pytest.fixture(autouse=True)
def forget_last_nudge(monkeypatch):
    monkeypatch.setattr(wakeup, "_last", {"nudge": -60.0, "complaint": 0.0})
    wakeup._client.cache_clear()


@pytest.fixture
def shared(settings, redis_url):
    settings.REDIS_URL = redis_url
    client = redis.Redis.from_url(redis_url)
    client.delete(wakeup.KEY)
    return client


@pytest.mark.redis
def test_a_nudge_ends_a_wait_at_once(shared):
    wakeup.nudge()
    started = time.monotonic()

    wakeup.wait(5)

    assert time.monotonic() - started < 2
    assert shared.llen(wakeup.KEY) == 0


@pytest.mark.redis
def test_one_process_nudges_at_most_once_a_second(shared):
    for _ in range(5):
        wakeup.nudge()

    assert shared.llen(wakeup.KEY) == 1


def test_an_unreachable_redis_neither_raises_nor_keeps_the_pump_from_looking(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    wakeup.nudge()
    wakeup.wait(0.01)

    assert [record.getMessage() for record in caplog.records].count("") == 0


def test_without_redis_a_wait_is_a_sleep(settings):
    settings.REDIS_URL = ""
    wakeup.nudge()

    wakeup.wait(0.01)
