"""How fast one key may send events or call the API: a token bucket per key and budget.

With Redis all processes share one bucket, from which a process takes a little ahead while it
is more than half full; without, or while Redis is away, each process enforces its share in
memory.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from threading import Lock
from typing import Any
from uuid import UUID

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from meshes.advances import Advances
from meshes.api_errors import TooManyRequests

PREFIX = "meshes:throttle:"
SLOWEST_PER_SECOND = 1.0
BUCKETS_KEPT = 10_000
PATIENCE_S = 0.25
LEAVE_ALONE_S = 5.0
COMPLAIN_EVERY_S = 60.0

# Redis: Lua scripting; the server's own clock, so that machines need not agree.
SCRIPT = """
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local cost, ahead = tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local wait, left = 0, 0
if tokens >= cost then
  left = math.max(0, math.min(ahead, math.floor(tokens - cost - burst / 2)))
  tokens = tokens - cost - left
else
  wait = (cost - tokens) / rate
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 1)
return {tostring(wait), left}
"""

log = structlog.get_logger(__name__)


Own = tuple[float | None, int | None]  # a key's own rate and burst
NO_OWN: Own = (None, None)


@dataclass(frozen=True, slots=True)
class Budget:
    """One thing that a key may do so often; `setting` names its two settings.

    Shape: the settings are `THROTTLE_<setting>_PER_SECOND` and `…_BURST`;
    `prefix` stands before the key's id in Redis.
    """

    setting: str
    prefix: str
    smallest_burst: float
    refusal: str

    def limits(self, share: int = 1, own: Own = NO_OWN) -> tuple[float, float]:
        """Tokens a second and the most at once, for one of so many processes.

        Shape: what the key has of its own goes before the settings.
        """
        rate, burst = own
        if rate is None:
            rate = getattr(settings, f"THROTTLE_{self.setting}_PER_SECOND")
        if burst is None:
            burst = getattr(settings, f"THROTTLE_{self.setting}_BURST")
        return max(SLOWEST_PER_SECOND, rate / share), max(self.smallest_burst, burst / share)


# The smallest burst of events is one full bulk request.
EVENTS = Budget("EVENTS", PREFIX, 100.0, "This key sends too fast")
API = Budget("API", f"{PREFIX}api:", 1.0, "This key asks too often")
RETRIES = Budget("RETRIES", f"{PREFIX}retries:", 1.0, "This key retries too often")


class MemoryBuckets:
    """The buckets of this process; the least recently used are forgotten first."""

    def __init__(self, *, kept: int = BUCKETS_KEPT) -> None:
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._kept = kept
        self._guard = Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, *, cost: int, rate: float, burst: float, now: float) -> float:
        """Take `cost` tokens; how long to wait when there are not enough.

        Units: `rate` in tokens a second, `now` and the result in seconds.
        """
        with self._guard:
            tokens, at = self._buckets.pop(key, (burst, now))
            tokens = min(burst, tokens + max(0.0, now - at) * rate)
            granted = tokens >= cost
            self._buckets[key] = (tokens - cost if granted else tokens, now)
            if len(self._buckets) > self._kept:
                self._buckets.popitem(last=False)
        return 0.0 if granted else (cost - tokens) / rate


_memory = MemoryBuckets()
_advances = Advances(kept=BUCKETS_KEPT)
_times = {"retry_redis": 0.0, "complaint": -COMPLAIN_EVERY_S}


def take(key_id: UUID, *, cost: int = 1, budget: Budget = EVENTS, own: Own = NO_OWN) -> None:
    """Count this much against the key's budget, within its own limits where it has some.

    Raises: TooManyRequests with `Retry-After`; then nothing was counted.
    """
    wait = _wait_by_redis(key_id, cost, budget, own)
    if wait is None:
        wait = _wait_by_memory(key_id, cost, budget, own)
    if wait > 0:
        seconds = max(1, ceil(wait))
        raise TooManyRequests(
            f"{budget.refusal}; try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )


def _wait_by_memory(key_id: UUID, cost: int, budget: Budget, own: Own) -> float:
    rate, burst = budget.limits(max(1, settings.WEB_CONCURRENCY), own)
    bucket = (budget.setting, key_id)
    return _memory.take(bucket, cost=cost, rate=rate, burst=burst, now=time.monotonic())


def _wait_by_redis(key_id: UUID, cost: int, budget: Budget, own: Own) -> float | None:
    """How long to wait, None when Redis is not used or does not answer."""
    now = time.monotonic()
    if not settings.REDIS_URL or now < _times["retry_redis"]:
        return None
    rate, burst = limits = budget.limits(own=own)
    bucket = (budget.setting, key_id, limits)
    if _advances.spend(bucket, cost=cost, now=now):
        return 0.0
    ahead = _advances.worth_taking(bucket, cost=cost, rate=rate, now=now)
    try:
        script = _script(settings.REDIS_URL)
        wait, left = script(keys=[f"{budget.prefix}{key_id}"], args=[rate, burst, cost, ahead])
    except redis.RedisError as error:
        _complain(error)
        return None
    wait_s = float(wait)
    if wait_s <= 0:
        _advances.note(bucket, cost=cost, left=left, now=now)
    return wait_s


@lru_cache(maxsize=4)
def _script(url: str) -> Any:
    """The script on a client that keeps its connections and never waits long."""
    client = redis.Redis.from_url(
        url,
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        retry=Retry(NoBackoff(), 0),
    )
    return client.register_script(SCRIPT)


def _complain(error: redis.RedisError) -> None:
    now = time.monotonic()
    _times["retry_redis"] = now + LEAVE_ALONE_S
    if now - _times["complaint"] >= COMPLAIN_EVERY_S:
        _times["complaint"] = now
        log.warning("redis_unreachable", error=type(error).__name__, used_for="throttling")
