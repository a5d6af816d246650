"""The token bucket per key: in memory, in Redis, and when Redis goes away."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from meshes import throttling
from meshes.api_errors import TooManyRequests
from meshes.throttling import MemoryBuckets, take

RATE = {"rate": 10.0, "burst": 5.0}
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, settings):
    """Nothing is remembered from another test, and time stands in memory."""
    monkeypatch.setattr(throttling, "_memory", MemoryBuckets())
    monkeypatch.setattr(throttling, "_times", {"retry_redis": 0.0, "complaint": -60.0})
    settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 50.0, 200
    settings.WEB_CONCURRENCY, settings.REDIS_URL = 1, ""


def taken(key: Any, *, cost: int = 1, most: int = 1000) -> int:
    """How often the key may take before it is refused."""
    for number in range(most):
        try:
            take(key, cost=cost)
        except TooManyRequests:
            return number
    return most


def test_a_burst_is_granted_and_then_the_rate():
    buckets, key = MemoryBuckets(), uuid4()

    granted = [buckets.take(key, cost=1, now=100.0, **RATE) for _ in range(5)]

    assert granted == [0.0] * 5
    assert buckets.take(key, cost=1, now=100.0, **RATE) == pytest.approx(0.1)
    assert buckets.take(key, cost=1, now=100.125, **RATE) == 0.0
    assert buckets.take(key, cost=1, now=100.125, **RATE) == pytest.approx(0.075)


def test_a_refusal_takes_nothing_and_names_the_wait_for_its_own_cost():
    buckets, key = MemoryBuckets(), uuid4()
    buckets.take(key, cost=3, now=0.0, **RATE)

    assert buckets.take(key, cost=5, now=0.0, **RATE) == pytest.approx(0.3)
    assert buckets.take(key, cost=2, now=0.0, **RATE) == 0.0


def test_a_long_pause_never_fills_the_bucket_beyond_the_burst():
    buckets, key = MemoryBuckets(), uuid4()
    buckets.take(key, cost=5, now=0.0, **RATE)

    assert buckets.take(key, cost=5, now=3600.0, **RATE) == 0.0
    assert buckets.take(key, cost=1, now=3600.0, **RATE) > 0


def test_a_clock_that_goes_back_is_harmless():
    buckets, key = MemoryBuckets(), uuid4()
    buckets.take(key, cost=5, now=100.0, **RATE)

    assert buckets.take(key, cost=1, now=50.0, **RATE) == pytest.approx(0.1)


def test_keys_do_not_share_a_bucket_and_few_are_kept():
    buckets = MemoryBuckets(kept=3)
    keys = [uuid4() for _ in range(5)]

    waits = [buckets.take(key, cost=5, now=0.0, **RATE) for key in keys]

    assert waits == [0.0] * 5
    assert len(buckets) == 3
    assert buckets.take(keys[4], cost=1, now=0.0, **RATE) > 0
    assert buckets.take(keys[0], cost=1, now=0.0, **RATE) == 0.0


def test_threads_together_get_no_more_than_the_burst():
    buckets, key = MemoryBuckets(), uuid4()

    with ThreadPoolExecutor(8) as pool:
        waits = list(
            pool.map(lambda _: buckets.take(key, cost=1, now=0.0, rate=1, burst=50), range(200))
        )

    assert waits.count(0.0) == 50


def test_the_default_burst_is_two_hundred_and_the_refusal_says_when(settings):
    settings.THROTTLE_EVENTS_PER_SECOND = 0.0
    key = uuid4()

    assert taken(key) == 200
    with pytest.raises(TooManyRequests) as refused:
        take(key, cost=3)
    assert refused.value.headers == {"Retry-After": "3"}
    assert refused.value.message == "This key sends too fast; try again in 3 s."


def test_what_a_key_posts_and_what_else_it_asks_are_counted_apart(settings):
    settings.THROTTLE_API_PER_SECOND, settings.THROTTLE_API_BURST = 1.0, 2
    key = uuid4()

    take(key, cost=2, budget=throttling.API)

    with pytest.raises(TooManyRequests) as refused:
        take(key, budget=throttling.API)
    assert refused.value.message == "This key asks too often; try again in 1 s."
    take(key, cost=200)


def test_a_short_wait_is_still_one_whole_second():
    key = uuid4()
    taken(key, cost=100)

    with pytest.raises(TooManyRequests) as refused:
        take(key, cost=1)

    assert refused.value.headers["Retry-After"] == "1"


@pytest.mark.parametrize(("processes", "share"), [(2, 100), (4, 100), (50, 100)])
def test_each_process_gets_its_share_but_always_room_for_one_full_bulk(settings, processes, share):
    settings.WEB_CONCURRENCY, settings.THROTTLE_EVENTS_PER_SECOND = processes, 1.0

    assert taken(uuid4()) == share


@pytest.mark.redis
def test_processes_with_redis_share_one_bucket(settings, redis_url, monkeypatch):
    settings.REDIS_URL, settings.WEB_CONCURRENCY = redis_url, 4
    settings.THROTTLE_EVENTS_PER_SECOND = 1.0
    key = uuid4()

    first = taken(key, most=150)
    throttling._script.cache_clear()  # as another process would start
    monkeypatch.setattr(throttling, "_memory", MemoryBuckets())

    assert first == 150
    assert taken(key) in (50, 51)


@pytest.mark.redis
def test_redis_says_how_long_to_wait_and_forgets_full_buckets(settings, redis_url):
    import redis

    settings.REDIS_URL, settings.THROTTLE_EVENTS_PER_SECOND = redis_url, 10.0
    key = uuid4()
    taken(key, cost=100)

    with pytest.raises(TooManyRequests) as refused:
        take(key, cost=100)

    assert refused.value.headers["Retry-After"] == "10"
    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.ttl(f"{throttling.PREFIX}{key}") <= 21


@pytest.mark.redis
def test_redis_lets_tokens_grow_again(settings, redis_url):
    settings.REDIS_URL, settings.THROTTLE_EVENTS_PER_SECOND = redis_url, 1000.0
    key = uuid4()
    for _ in range(10):
        take(key, cost=20)

    waited = taken(key, cost=100, most=3)

    assert waited < 3


def test_without_redis_memory_answers_and_people_hear_of_it_once_a_minute(settings, caplog):
    settings.REDIS_URL = NOBODY
    key = uuid4()

    with caplog.at_level(logging.WARNING):
        assert taken(key, cost=100) == 2
        throttling._times["retry_redis"] = 0.0
        take(uuid4())

    said = [record for record in caplog.records if record.name == "meshes.throttling"]
    assert len(said) == 1
    assert "redis_unreachable" in said[0].getMessage()


def test_a_redis_that_is_away_is_left_alone_for_a_while(settings, monkeypatch):
    settings.REDIS_URL = NOBODY
    take(uuid4())
    asked = throttling._script(NOBODY).registered_client.connection_pool

    before = len(asked._available_connections)
    take(uuid4())

    assert throttling._times["retry_redis"] > 0
    assert len(asked._available_connections) == before


def test_the_script_is_asked_again_when_redis_is_back(settings):
    settings.REDIS_URL = NOBODY
    take(uuid4())
    said = throttling._times["complaint"]

    throttling._times |= {"retry_redis": 0.0, "complaint": said - 61.0}
    take(uuid4())

    assert throttling._times["complaint"] > said - 61.0
    assert json.dumps(throttling._times)
