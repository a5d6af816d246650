"""Calls and rows for the tests of the checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.faults.happened import AttemptRow, DeliveryRow, Happened
from tests.faults.sandboxes import Call

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = ("alpha", "a@x.io", "tag", "1")


def make_call(**over: Any) -> Call:
    """An answered call that added tag 1."""
    given: dict[str, Any] = {"account": "alpha", "seq": 1, "at": 100.0, "took_s": 1.0}
    given |= {"status": 201, "outcome": "answered", "fault": "", "applied": True}
    given |= {"email": "a@x.io", "kind": "tag", "target": "1", "wanted": "add"}
    return Call(**{**given, **over})


def make_delivery(**over: Any) -> DeliveryRow:
    """A completed delivery that added tag 1 with one attempt."""
    given: dict[str, Any] = {"id": 1, "event_id": 1, "rule_id": "r", "version_id": "v", "key": KEY}
    given |= {"action": "add_tag", "status": "completed", "held_reason": "", "applied_id": 1}
    given |= {"next_attempt_at": NOW, "reason": "", "attempts": 1, "lost": 0, "effect": "applied"}
    return DeliveryRow(**{**given, **over})


def make_attempt(**over: Any) -> AttemptRow:
    """A delivered attempt."""
    given: dict[str, Any] = {"id": 1, "delivery_id": 1, "outcome": "delivered", "reason": ""}
    given |= {"effect": "applied", "lease_token": "t", "started_at": NOW, "completed_at": NOW}
    given |= {"trigger": "live", "key": KEY, "action": "add_tag"}
    return AttemptRow(**{**given, **over})


def happened(*rows: DeliveryRow, attempts: tuple[AttemptRow, ...] = ()) -> Happened:
    """These rows, read at noon, with the attempts that they speak of unless you give some."""
    told = attempts or tuple(attempt for row in rows for attempt in _attempts_of(row))
    return Happened(list(rows), list(told), NOW)


def _attempts_of(row: DeliveryRow) -> list[AttemptRow]:
    given: dict[str, Any] = {"delivery_id": row.id, "key": row.key, "action": row.action}
    lost = [make_attempt(**given, outcome="internal_error", effect="")] * row.lost
    if row.applied_id:
        return [*lost, make_attempt(**given, id=row.applied_id, effect=row.effect)]
    failed = make_attempt(**given, outcome="rejected_client_error", effect="")
    return [*lost, *[failed] * (row.attempts - row.lost)]
