"""How long each account takes to answer, as this process has seen it lately."""

from __future__ import annotations

from collections.abc import Iterable

from connections.destinations.base import Exchange

WEIGHT = 0.2

_seconds: dict[int, float] = {}


def note(account_id: int, exchanges: Iterable[Exchange]) -> None:
    """Let these answers move the account's average."""
    for exchange in exchanges:
        taken = exchange.elapsed_ms / 1000.0
        before = _seconds.get(account_id, taken)
        _seconds[account_id] = before + WEIGHT * (taken - before)


def seconds_of(account_id: int) -> float:
    """The moving average of one call, in seconds; 0 when nothing was seen yet."""
    return _seconds.get(account_id, 0.0)
