"""Shows the payload of an event to those who may see it, and remembers every look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from deliveries.models import Event, PayloadLook
from deliveries.permissions import MAY_SEE_PAYLOAD
from meshes import audit
from meshes.audit import Kind

AGAIN_AFTER = timedelta(minutes=10)
A_KEY = 0

log = structlog.get_logger(__name__)


def may_look(user: Any, event: Event) -> bool:
    """Whether there is a payload and this person may see it."""
    return event.erased_at is None and bool(user.has_perm(MAY_SEE_PAYLOAD))


def look(event: Event, *, user: Any, now: datetime) -> Any:
    """The payload, after writing down who looks at it; ask `may_look` first."""
    return _noted(event, by=user.get_username()[:200], by_id=user.pk, now=now)


def look_by_key(event: Event, *, by: str, now: datetime) -> Any:
    """The payload for a machine key, after writing down its name.

    Shape: `by` names the key as rows do; of an erased event there is nothing to ask for.
    """
    return _noted(event, by=by[:200], by_id=A_KEY, now=now)


def look_on(event: Event, *, user: Any, now: datetime) -> Any:
    """The payload for a page that shows it again with every change; ask `may_look` first.

    Why: a person who goes on looking at one event takes one look, noted
    anew after ten minutes.
    """
    looks = PayloadLook.objects.filter(event_uuid=event.uuid, by_id=user.pk)
    if looks.filter(at__gt=now - AGAIN_AFTER).exists():
        return event.payload
    return look(event, user=user, now=now)


def _noted(event: Event, *, by: str, by_id: int, now: datetime) -> Any:
    seen = {"event_uuid": event.uuid, "by": by, "by_id": by_id, "at": now}
    PayloadLook.objects.create(workspace_id=event.workspace_id, **seen)
    audit.note(Kind.LOOKED, by=audit.Actor(by, by_id), about=event)
    log.info("payload_viewed", by=by, by_id=by_id, event_id=str(event.uuid))
    return event.payload
