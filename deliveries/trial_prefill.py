"""What the form of a test event begins with: what the rule asks for, in a likely event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from deliveries.models import Event, Trial
from rules.facts import DEFAULT_RESOURCE, canonical_step, normalized_email
from rules.models import Rule

RECENT = 5
USER_ID = "test-user"
IN_PAYLOAD = ("email", "user_id", "page_id", "page_title", "sequence_step", "completed_at")
BESIDE = ("event", "resource", "resource_id")


def prefilled(rule: Rule, *, email: str, now: datetime) -> dict[str, str]:
    """The fields of an event that the rule fits, with a title seen lately for its page."""
    return {
        "event": rule.event,
        "resource": "" if rule.resource == DEFAULT_RESOURCE else rule.resource,
        "resource_id": rule.resource_id,
        "email": email,
        "user_id": USER_ID,
        "page_id": rule.page_id,
        "page_title": _title(rule),
        "sequence_step": rule.sequence_step,
        "completed_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def body_of(fields: Mapping[str, str]) -> str:
    """The fields as the JSON that the product would post, without empty ones."""
    payload: dict[str, Any] = {name: fields[name] for name in IN_PAYLOAD if fields.get(name)}
    step = payload.get("sequence_step", "")
    if step.isdigit() and canonical_step(step) == step and len(step) < 10:
        payload["sequence_step"] = int(step)
    body = {name: fields[name] for name in BESIDE if fields.get(name)}
    return json.dumps({**body, "payload": payload}, indent=2, ensure_ascii=False)


def body_sent(event: Event) -> str:
    """The JSON of an earlier test, to be changed and sent again."""
    body = {name: getattr(event, name) for name in BESIDE if getattr(event, name)}
    return json.dumps({**body, "payload": event.payload}, indent=2, ensure_ascii=False)


def fields_of(event: Event) -> dict[str, str]:
    """The fields of an earlier test, as far as they are plain texts or numbers."""
    given = {name: getattr(event, name) for name in BESIDE} | {
        name: event.payload.get(name) for name in IN_PAYLOAD
    }
    plain = {
        name: value
        for name, value in given.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }
    return {name: str(plain.get(name, "")) for name in (*BESIDE, *IN_PAYLOAD)}


def is_only_fields(event: Event) -> bool:
    """Whether the fields say all that the earlier test said."""
    try:
        return bool(json.loads(body_of(fields_of(event))) == json.loads(body_sent(event)))
    except ValueError:
        return False


def addresses(own: str, *, by: str, workspace_id: UUID) -> list[str]:
    """The person's own address, then those of their latest tests in this workspace."""
    rows = Trial.objects.filter(asked_by=by, workspace=workspace_id).order_by("-pk")
    recent = rows.exclude(event__email="").values_list("event__email", flat=True)[: RECENT * 4]
    found = dict.fromkeys(filter(None, (normalized_email(own), *recent)))
    return list(found)[: RECENT + 1]


def _title(rule: Rule) -> str:
    """The title that the rule's page had in the latest event about it."""
    if not rule.page_id:
        return ""
    rows = Event.objects.filter(workspace=rule.workspace_id, page_id=rule.page_id)
    return str(rows.order_by("-pk").values_list("page_title", flat=True).first() or "")
