"""Whether the queue takes and gives: Redis where it is set, else the database."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings

from meshes.doctor.findings import Asked, Finding, broken, ok, warning

PATIENCE_S = 3
SLOW_MS = 50
LIVES_S = 10


def look(_asked: Asked) -> Iterator[Finding]:
    """Whether a value comes back from Redis, how fast, and whether Redis may throw any away."""
    if not settings.REDIS_URL:
        yield ok("The database carries the queue.")
        return
    try:
        client = client_of(settings.REDIS_URL)
        took_ms = _round_trip_ms(client)
        evicts = _evicts(client)
    except (redis.RedisError, ValueError) as error:
        yield broken(
            f"Redis does not answer ({type(error).__name__}).",
            "Check REDIS_URL and the server. Events are accepted meanwhile; deliveries wait.",
        )
        return
    if evicts:
        yield warning(
            f"Redis throws keys away when it is full (maxmemory-policy {evicts}).",
            "Set maxmemory-policy to noeviction; else the queue's messages may go and deliveries "
            "start late.",
        )
    elif took_ms > SLOW_MS:
        yield warning(f"Redis answers in {took_ms:.0f} ms.", "Bring it nearer to the web server.")
    else:
        yield ok(f"Redis carries the queue and answers in {took_ms:.1f} ms.")


def client_of(url: str) -> Any:
    """A client that gives up soon."""
    return redis.Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)


def _round_trip_ms(client: Any) -> float:
    """How long it takes to put a value and get it back.

    Raises: redis.RedisError, also when another value comes back.
    """
    key, value = f"meshes:doctor:{secrets.token_hex(8)}", secrets.token_hex(8)
    client.ping()  # so that connecting does not count
    began = time.monotonic()
    client.set(key, value, ex=LIVES_S)
    if client.getdel(key) != value.encode():
        raise redis.RedisError("The value that was put did not come back.")
    return (time.monotonic() - began) * 1000


def _evicts(client: Any) -> str:
    """The policy by which keys go when memory is short; '' when none does or none is told."""
    try:
        memory = client.info("memory")
    except redis.ResponseError:
        return ""
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    return "" if policy == "noeviction" or not memory.get("maxmemory") else policy
