"""Remembers, in the `progress` of a delivery, who asked for its next attempt before its time."""

from __future__ import annotations

from typing import Any

from deliveries.models import Delivery

HURRIED = "hurried"


def hurried(delivery: Delivery, *, by: str) -> dict[str, Any]:
    """The delivery's `progress` when its next attempt, and no later one, was asked for."""
    return {**delivery.progress, HURRIED: {"by": by, "attempt": delivery.attempt_count + 1}}


def hurried_by(delivery: Delivery) -> str:
    """Who asked for the attempt that now begins, '' when it comes by the schedule."""
    asked = delivery.progress.get(HURRIED, {})
    return str(asked["by"]) if asked.get("attempt") == delivery.attempt_count else ""
