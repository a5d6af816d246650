"""A nudge for the pump, so that new work starts before its next look.

A lost nudge costs a tenth of a second and nothing else: the tables are the truth.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import redis
import structlog
from django.conf import settings

KEY = "meshes:wakeup"
AT_MOST_EVERY_S = 1.0
COMPLAIN_EVERY_S = 60.0

log = structlog.get_logger(__name__)
_last = {"nudge": 0.0, "complaint": 0.0}


@lru_cache(maxsize=2)
def _client(url: str) -> Any:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)


def nudge() -> None:
    """Tell a waiting pump that there is work; at most once a second per process."""
    now = time.monotonic()
    if not settings.REDIS_URL or now - _last["nudge"] < AT_MOST_EVERY_S:
        return
    _last["nudge"] = now
    try:
        with _client(settings.REDIS_URL).pipeline(transaction=False) as pipe:
            pipe.lpush(KEY, 1).ltrim(KEY, 0, 3).expire(KEY, 5).execute()
    except redis.RedisError as error:
        _complain(error)


def wait(seconds: float) -> None:
    """Return after this time, or at once when a nudge comes."""
    if not settings.REDIS_URL:
        time.sleep(seconds)
        return
    try:
        _client(settings.REDIS_URL).blpop([KEY], timeout=seconds)
    except redis.RedisError as error:
        _complain(error)
        time.sleep(seconds)


def _complain(error: redis.RedisError) -> None:
    now = time.monotonic()
    if now - _last["complaint"] >= COMPLAIN_EVERY_S or not _last["complaint"]:
        _last["complaint"] = now
        log.warning("redis_unreachable", error=type(error).__name__, used_for="wakeup")
