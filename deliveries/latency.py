"""How each account answers, as this process has seen it lately: how fast, and whether well."""

from __future__ import annotations

import time
from collections.abc import Iterable

from connections.destinations.base import Exchange

WEIGHT = 0.2

LATELY_S = 5.0

_seconds: dict[int, float] = {}
_answered_at: dict[int, float] = {}
_failing: set[int] = set()


def note(account_id: int, exchanges: Iterable[Exchange]) -> None:
    """Let these answers move the account's average."""
    for exchange in exchanges:
        taken = exchange.elapsed_ms / 1000.0
        before = _seconds.get(account_id, taken)
        _seconds[account_id] = before + WEIGHT * (taken - before)
        if exchange.status is not None:
            _answered_at[account_id] = time.monotonic()


def seconds_of(account_id: int) -> float:
    """The moving average of one call, in seconds; 0 when nothing was seen yet."""
    return _seconds.get(account_id, 0.0)


def answers(account_id: int) -> bool:
    """Whether the account has answered this process within the last seconds."""
    moment = _answered_at.get(account_id)
    return moment is not None and time.monotonic() - moment < LATELY_S


def note_failure(account_id: int, *, failed: bool) -> None:
    """Remember whether the account's last attempt failed on its side."""
    if failed:
        _failing.add(account_id)
    else:
        _failing.discard(account_id)


def is_failing(account_id: int) -> bool:
    """Whether the account's last attempt failed on its side."""
    return account_id in _failing
