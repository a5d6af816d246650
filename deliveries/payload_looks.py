"""Shows the payload of an event to those who may see it, and remembers every look."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from deliveries.models import Event, PayloadLook
from deliveries.permissions import MAY_SEE_PAYLOAD

log = structlog.get_logger(__name__)


def may_look(user: Any, event: Event) -> bool:
    """Whether there is a payload and this person may see it."""
    return event.erased_at is None and bool(user.has_perm(MAY_SEE_PAYLOAD))


def look(event: Event, *, user: Any, now: datetime) -> Any:
    """The payload, after writing down who looks at it; ask `may_look` first."""
    by = user.get_username()[:200]
    seen = {"event_uuid": event.uuid, "by": by, "by_id": user.pk, "at": now}
    PayloadLook.objects.create(workspace_id=event.workspace_id, **seen)
    log.info("payload_viewed", by=by, by_id=user.pk, event_id=str(event.uuid))
    return event.payload
