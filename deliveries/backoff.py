"""When to try again: the retry schedule, and nothing else."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.conf import settings

SPREAD = 0.2


def delay_s(tries: int, *, spread: float) -> float:
    """How long to wait after this many tries.

    Units: seconds. `spread` runs from -1 to 1 and moves the delay by ± 20 %.
    Shape: `tries` is 1 after the first failed attempt.
    """
    schedule = settings.RETRY_SCHEDULE_S
    base = schedule[tries - 1] if tries <= len(schedule) else settings.RETRY_THEN_EVERY_S
    return float(base) * (1 + SPREAD * spread)


def next_attempt_at(
    tries: int, *, now: datetime, retry_until: datetime, retry_after_s: float | None = None
) -> datetime | None:
    """When to try again, or None when the time for retries is over.

    Units: `retry_after_s` in seconds; it wins when it is later.
    Source: Retry-After per RFC 9110 section 10.2.3.
    """
    wait_s = max(delay_s(tries, spread=random.uniform(-1, 1)), retry_after_s or 0.0)  # noqa: S311
    moment = now + timedelta(seconds=wait_s)
    return moment if moment <= retry_until else None
