"""What a key's times mean, in words for people. Pure but for the viewer's time zone."""

from __future__ import annotations

from datetime import datetime

from meshes import moments
from meshes.models import MachineKey, PublishableKey

Key = PublishableKey | MachineKey
ACTIVE, ENDING, OVER = "active", "ending", "over"


def state_of(key: Key, now: datetime) -> tuple[str, str]:
    """Whether the key opens the door: `active`, `ending` or `over`, and a phrase."""
    if key.deleted_at is not None:
        return OVER, f"deleted on {_when(key.deleted_at)}"
    if key.revoked_at is not None:
        return OVER, f"revoked on {_when(key.revoked_at)}"
    if key.expires_at is None:
        return ACTIVE, "active"
    if key.expires_at > now:
        return ENDING, f"valid until {_when(key.expires_at)}"
    return OVER, f"ended on {_when(key.expires_at)}"


def _when(moment: datetime) -> str:
    return moments.moment(moment)
