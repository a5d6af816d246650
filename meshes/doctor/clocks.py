"""Whether this machine's clock goes with the clocks that deliveries go by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from connections.clock import database_now
from meshes.doctor.broker import client_of
from meshes.doctor.findings import Asked, Finding, broken, ok, warning

APART_S, FAR_APART_S = 1.0, 5.0


def look(_asked: Asked) -> Iterator[Finding]:
    """How far this machine's clock is from the database's and from Redis'."""
    others: dict[str, Callable[[], datetime]] = {}
    if connection.vendor == "postgresql":
        others["the database's"] = database_now
    if settings.REDIS_URL:
        others["Redis'"] = _redis_now
    for name, read in others.items():
        try:
            apart_s = _apart_s(read)
        except (redis.RedisError, ValueError):
            continue  # `queue` tells that Redis does not answer
        yield judged(apart_s, name)
    if not others:
        yield ok("All clocks are this machine's.")


def judged(apart_s: float, name: str) -> Finding:
    """What so many seconds between this clock and that one mean."""
    ahead = "ahead of" if apart_s > 0 else "behind"
    text = f"This machine's clock is {abs(apart_s):.1f} s {ahead} {name}."
    advice = "Let both machines take the time from the same place (NTP)."
    if abs(apart_s) > FAR_APART_S:
        return broken(f"{text} Tokens of machine keys are refused by it.", advice)
    return warning(text, advice) if abs(apart_s) > APART_S else ok(text)


def _apart_s(read: Callable[[], datetime]) -> float:
    """By how much this clock is ahead; half of the time that asking took is taken off."""
    before = timezone.now()
    there = read()
    after = timezone.now()
    return (before + (after - before) / 2 - there).total_seconds()


def _redis_now() -> datetime:
    seconds, micros = client_of(settings.REDIS_URL).time()
    return datetime.fromtimestamp(seconds + micros / 1_000_000, tz=UTC)
