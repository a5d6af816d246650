"""How many requests an account may make: a sliding window or a token bucket.

Time is passed inward; a refused request does not count.
"""

import math
from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import Protocol


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and what the rate headers say.

    Units: retry_after_s in whole seconds, at least 1 when refused, else 0.
    """

    allowed: bool
    limit: int
    remaining: int
    retry_after_s: int = 0


class Limiter(Protocol):
    """Anything that can say yes or no at a moment."""

    def ask(self, now: float) -> Verdict: ...


class SlidingWindow:
    """At most `limit` requests in any window, counted at arrival."""

    def __init__(self, *, limit: int, window_s: float):
        self._limit = limit
        self._window_s = window_s
        self._passed: deque[float] = deque()
        self._lock = Lock()

    def ask(self, now: float) -> Verdict:
        """Count a request now, or say when the oldest one leaves the window."""
        with self._lock:
            while self._passed and now - self._passed[0] >= self._window_s:
                self._passed.popleft()
            if len(self._passed) < self._limit:
                self._passed.append(now)
                return Verdict(True, self._limit, self._limit - len(self._passed))
            wait_s = self._passed[0] + self._window_s - now
            return Verdict(False, self._limit, 0, max(1, math.ceil(wait_s)))


class TokenBucket:
    """Tokens that refill evenly; a full bucket allows a burst of `limit`."""

    def __init__(self, *, limit: int, rate_per_second: float):
        self._limit = limit
        self._rate = rate_per_second
        self._tokens = float(limit)
        self._filled_at: float | None = None
        self._lock = Lock()

    def ask(self, now: float) -> Verdict:
        """Take a token, or say when the next one is there."""
        with self._lock:
            self._fill(now)
            if self._tokens >= 1:
                self._tokens -= 1
                return Verdict(True, self._limit, int(self._tokens))
            wait_s = (1 - self._tokens) / self._rate
            return Verdict(False, self._limit, 0, max(1, math.ceil(wait_s)))

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            gained = (now - self._filled_at) * self._rate
            self._tokens = min(float(self._limit), self._tokens + gained)
        self._filled_at = now


def make_limiter(kind: str, rate_per_second: float | None) -> Limiter | None:
    """A limiter for the rate, or None when there is no limit."""
    if rate_per_second is None:
        return None
    limit = max(1, int(rate_per_second))
    if kind == "bucket":
        return TokenBucket(limit=limit, rate_per_second=rate_per_second)
    return SlidingWindow(limit=limit, window_s=limit / rate_per_second)
