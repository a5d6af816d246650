"""A delivery's attempts and their exchanges, prepared for the page of the delivery.

Bodies and paths are shown as they were stored: masked and capped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from deliveries import wording
from deliveries.models import Attempt, Delivery, Outcome, Trigger
from deliveries.reasons import explained

MOST = 50
NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Call:
    """One request and its answer."""

    method: str
    path: str
    answer: str
    tone: str
    when: str
    took: str
    sent: str
    received: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt; `about` says what made it different from the others."""

    number: int
    title: str
    tone: str
    when: str
    took: str
    message: str
    about: tuple[str, ...]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The newest attempts, oldest first, and how many came before them."""

    tries: tuple[Try, ...]
    earlier: int


def timeline(delivery: Delivery, *, destination: str) -> Timeline:
    """The delivery's attempts for people."""
    newest = delivery.attempts.select_related("connection").order_by("-number")[:MOST]
    tries = tuple(_try(each, delivery, destination) for each in reversed(newest))
    return Timeline(tries, max(0, delivery.attempt_count - len(tries)))


def _try(attempt: Attempt, delivery: Delivery, destination: str) -> Try:
    reason = explained(attempt.reason, destination=destination)
    return Try(
        number=attempt.number,
        title=wording.OUTCOMES[Outcome(attempt.outcome)] if attempt.outcome else "sending now",
        tone=_tone(attempt),
        when=wording.moment(attempt.started_at, seconds=True),
        took=wording.duration(attempt.duration_ms) if attempt.duration_ms is not None else "",
        message=attempt.message or (reason.happened if reason else ""),
        about=tuple(filter(None, _about(attempt, delivery))),
        calls=tuple(_call(exchange) for exchange in attempt.exchanges),
    )


def _tone(attempt: Attempt) -> str:
    if not attempt.outcome:
        return "busy"
    if attempt.outcome == Outcome.DELIVERED:
        return "good"
    return "bad" if attempt.counted else "wait"


def _about(attempt: Attempt, delivery: Delivery) -> list[str]:
    asked = f" asked for by {attempt.asked_by}" if attempt.asked_by else ""
    moved = attempt.connection_id != delivery.connection_id
    target = wording.target_name(attempt.target_label, attempt.target_id)
    other = target and attempt.target_id != delivery.target_id
    waited = attempt.outcome and not attempt.counted and attempt.outcome != Outcome.DELIVERED
    return [
        wording.TRIGGERS[Trigger(attempt.trigger)] + asked,
        wording.EFFECTS.get(attempt.effect, ""),
        f"in {attempt.connection.name}" if moved else "",
        f"for {target}" if other else "",
        "does not count as a try" if waited else "",
    ]


def _call(exchange: Mapping[str, Any]) -> Call:
    status = exchange.get("status")
    started = datetime.fromtimestamp(exchange.get("started_at") or 0, tz=UTC)
    headers = exchange.get("response_headers") or {}
    return Call(
        method=str(exchange.get("method", "")),
        path=str(exchange.get("path", "")),
        answer=_answer(status, str(exchange.get("error", ""))),
        tone="good" if status and status < 400 and not exchange.get("error") else "bad",
        when=wording.moment(started, seconds=True),
        took=wording.duration(int(exchange.get("elapsed_ms") or 0)),
        sent=_body(str(exchange.get("request_body", ""))),
        received=_body(str(exchange.get("response_body", ""))),
        headers=tuple(sorted((str(name), str(value)) for name, value in headers.items())),
    )


def _answer(status: int | None, error: str) -> str:
    if status is None:
        return f"{NO_ANSWER}: {error.replace('_', ' ')}" if error else NO_ANSWER
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _body(text: str) -> str:
    """JSON on several lines; what was cut off stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
