"""What an accepted event and its deliveries look like as rows.

Pure but for the ids that it draws; the database is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from deliveries.inserting import EVENT_UUID, Row
from deliveries.models import Outcome, Status, Trigger
from deliveries.reading import EventRequest
from meshes.hidden import CANARY_WORKSPACE
from rules.facts import facts_of, normalized_email
from rules.mapping import email_of, evaluate
from rules.matching import MatchableRule, RuleIndex

USER_ID_LENGTH = 200
PAGE_TITLE_LENGTH = 300
CONNECTION_INACTIVE = "connection_inactive"
EMAIL_MISSING = "email_missing"
EMAIL_INVALID = "email_invalid"
SENTENCES = {
    EMAIL_MISSING: (
        "The connection's field mapping found no email address in the event's payload. "
        "Have the product send one, or correct the mapping; then replay this delivery."
    ),
    EMAIL_INVALID: (
        "What the connection's field mapping found is not a valid email address. "
        "Have the product send a valid one, or correct the mapping; then replay this delivery."
    ),
}

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def plan(
    request: EventRequest,
    *,
    workspace_id: UUID,
    created_by: str,
    index: RuleIndex,
    now: datetime,
) -> tuple[Row, list[Row]]:
    """The event's row, and one row per matching rule in the order of delivery."""
    facts = facts_of(
        event=request.event,
        resource=request.resource,
        resource_id=request.resource_id,
        payload=request.payload,
    )
    matched = index.match(facts)
    event = {
        "uuid": uuid4(),
        "workspace_id": workspace_id,
        "event": request.event,
        "resource": request.resource,
        "resource_id": request.resource_id,
        "payload": request.payload,
        **searchable(request.payload),
        "page_id": facts.page_id,
        "sequence_step": facts.sequence_step,
        "rules_version": index.rules_version,
        "total_rules": len(matched),
        "created_by": created_by,
        "created_at": now,
    }
    emails = _emails(matched, request.payload)
    marked = {"trigger": str(Trigger.CANARY if workspace_id == CANARY_WORKSPACE else Trigger.LIVE)}
    return event, [
        _delivery(event, rule, email=emails[rule.mapping_id], now=now) | marked for rule in matched
    ]


def searchable(payload: Mapping[str, Any]) -> Row:
    """The columns that people search by, '' or None where the payload says nothing."""
    return {
        "email": normalized_email(payload.get("email")),
        "user_id": _text(payload.get("user_id"), USER_ID_LENGTH),
        "page_title": _text(payload.get("page_title"), PAGE_TITLE_LENGTH),
        "completed_at": moment_of(payload.get("completed_at")),
    }


def moment_of(value: Any) -> datetime | None:
    """The moment that a text in RFC 3339 with an explicit zone names, in UTC."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value.strip()):
        return None
    try:
        return datetime.fromisoformat(value.strip().upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: Any, length: int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:length]


def _emails(
    rules: tuple[MatchableRule, ...], payload: Mapping[str, Any]
) -> dict[UUID, tuple[str, str]]:
    """By mapping, the email that it finds or the reason why there is none."""
    found: dict[UUID, tuple[str, str]] = {}
    for rule in rules:
        if rule.mapping_id not in found:
            email = email_of(rule.mapping_schema, payload)
            reason = "" if email else _why_none(rule.mapping_schema, payload)
            found[rule.mapping_id] = (email, reason)
    return found


def _why_none(schema: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    entries = [entry for entry in schema["fields"] if entry["dest"] == "email"]
    mapped = evaluate({**schema, "fields": entries[:1]}, payload)
    said_something = mapped.failed or mapped.warnings or mapped.values
    return EMAIL_INVALID if said_something else EMAIL_MISSING


def _delivery(event: Row, rule: MatchableRule, *, email: tuple[str, str], now: datetime) -> Row:
    address, reason = email
    return {
        "uuid": uuid4(),
        EVENT_UUID: event["uuid"],
        "rule_id": rule.rule_id,
        "rule_version_id": rule.version_id,
        "connection_id": rule.connection_id,
        "account_id": rule.account_id,
        "action": rule.action,
        "target_kind": rule.target_kind,
        "target_id": rule.target_id,
        "email": address,
        **_state(rule, reason=reason, now=now),
    }


def _state(rule: MatchableRule, *, reason: str, now: datetime) -> Row:
    """Whether the delivery waits, is held for a person, or has failed already."""
    held = "" if reason else rule.held_reason or _held_by_connection(rule)
    return {
        "status": Status.FAILED if reason else Status.PENDING,
        "held_reason": held,
        "held_at": now if held else None,
        "last_outcome": Outcome.MAPPING_ERROR if reason else "",
        "reason": reason,
        "last_error": SENTENCES.get(reason, ""),
        "completed_at": now if reason else None,
    }


def _held_by_connection(rule: MatchableRule) -> str:
    return "" if rule.connection_active else CONNECTION_INACTIVE
