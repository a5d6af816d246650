"""How each account answers, as this process has seen it lately: how fast, and whether well."""

from __future__ import annotations

import time
from collections.abc import Iterable

from connections.destinations.base import Exchange

WEIGHT = 0.2

LATELY_S = 5.0

TOLERATED = 3
"""Failures in a row after which an account rests between its attempts."""

LONGEST_REST_S = 5.0

_seconds: dict[int, float] = {}
_answered_at: dict[int, float] = {}
_failing: dict[int, tuple[int, float]] = {}


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
        in_a_row, _ = _failing.get(account_id, (0, 0.0))
        _failing[account_id] = (in_a_row + 1, time.monotonic())
    else:
        _failing.pop(account_id, None)


def is_failing(account_id: int) -> bool:
    """Whether the account's last attempt failed on its side."""
    return account_id in _failing


def rests(account_id: int) -> bool:
    """Whether the account failed so often in a row that its next attempt waits a little.

    Why: every attempt costs processor time and writes, and this one will most
    likely fail too; a second more for each failure, up to five.
    """
    in_a_row, failed_at = _failing.get(account_id, (0, 0.0))
    rest_s = min(float(in_a_row - TOLERATED + 1), LONGEST_REST_S)
    return time.monotonic() - failed_at < rest_s
