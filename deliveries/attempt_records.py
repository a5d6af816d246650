"""Attempts and what a destination answered them, as the API says them.

Source: Meshes API wire contract, sections 8.5 and 8.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from deliveries.models import Attempt, Delivery, Event, Outcome
from meshes.redaction import is_cut
from meshes.wire import wire_time, without_unset


def attempt_record(attempt: Attempt, *, delivery: Delivery, event: Event) -> dict[str, Any]:
    """One try; while it is in flight it has neither outcome nor end."""
    return without_unset(
        {
            "id": str(attempt.uuid),
            "event_id": str(event.uuid),
            "rule": str(delivery.rule_id),
            "connection": str(attempt.connection_id),
            "workspace": str(delivery.workspace_id),
            "integration_type": attempt.connection.kind,
            "attempt_number": attempt.number,
            "outcome_code": attempt.outcome or None,
            "message": attempt.message or None,
            "started_at": wire_time(attempt.started_at),
            "completed_at": wire_time(attempt.completed_at) if attempt.completed_at else None,
            "duration_ms": attempt.duration_ms,
            "has_response_details": response_details(attempt) is not None,
            "created_at": wire_time(attempt.started_at),
        }
    )


def response_details(attempt: Attempt) -> dict[str, Any] | None:
    """What the destination answered to the call with which the attempt failed; None without one.

    Why: exchanges are stored masked and capped, so nothing is left to hide here.
    Answers to the calls before it say nothing of the failure.
    """
    if attempt.outcome in ("", Outcome.DELIVERED) or not attempt.exchanges:
        return None
    last = attempt.exchanges[-1]
    return _details(last) if last.get("status") is not None else None


def _details(exchange: Mapping[str, Any]) -> dict[str, Any]:
    body = str(exchange.get("response_body") or "")
    ended = float(exchange.get("started_at") or 0) + int(exchange.get("elapsed_ms") or 0) / 1000
    headers = exchange.get("response_headers") or {}
    return {
        "status_code": int(exchange["status"]),
        "headers": {str(name): str(value) for name, value in headers.items()},
        "body": body,
        "truncated": is_cut(body),
        "captured_at": wire_time(datetime.fromtimestamp(ended, tz=UTC)),
    }
