"""A replay that is called off before its first attempt leaves the delivery as it found it.

Works out columns only; who calls it off writes them, under a lock.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from deliveries.models import Delivery, Status
from rules.mapping import email_of
from rules.models import RuleVersion

BEFORE = "before"
MOVED = (
    "rule_version_id",
    "connection_id",
    "account_id",
    "action",
    "target_kind",
    "target_id",
    "applied_id",
)
"""What a replay "as it is now" may change, and `progress` remembers until it begins."""

ENDED: dict[str, Any] = {
    "status_before": "",
    "insist": False,
    "job_id": None,
    "held_reason": "",
    "held_at": None,
    "lease_token": None,
    "lease_until": None,
    "cancel_asked_at": None,
    "progress": {},
}


def can_be_called_off(delivery: Delivery) -> bool:
    """Whether the delivery waits for a replay's first attempt."""
    unfinished = delivery.status in (Status.PENDING, Status.PROCESSING, Status.RETRYING)
    return bool(unfinished and delivery.status_before and not delivery.begun)


def as_found(delivery: Delivery) -> dict[str, Any]:
    """The columns as they were before the replay, with its status, ready for an update.

    Why: the email is worked out again rather than remembered, so that the
    erasure of a person leaves no copy of it behind.
    """
    before = delivery.progress.get(BEFORE)
    return {"status": delivery.status_before, **ENDED, **_moved_back(delivery, before or {})}


def remembered(delivery: Delivery) -> dict[str, Any]:
    """What `progress` must hold so that a replay that moves the delivery can be called off."""
    before = {name: getattr(delivery, name) for name in MOVED}
    return {BEFORE: {name: str(v) if isinstance(v, UUID) else v for name, v in before.items()}}


def _moved_back(delivery: Delivery, before: dict[str, Any]) -> dict[str, Any]:
    if not before:
        return {}
    version = RuleVersion.objects.select_related("mapping").get(pk=before["rule_version_id"])
    return {**before, "email": email_of(version.mapping.schema, delivery.event.payload)}
