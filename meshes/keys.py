"""The keys that open the API: making, rotating and revoking them.

Formats are the official clients': a key that they refuse is worthless. Nothing here
checks a request; that is authentication's work.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from meshes.encryption import fingerprint, seal
from meshes.models import MachineKey, Organization, PublishableKey, Workspace

BASE62 = string.ascii_letters + string.digits
KEY_VERSION = "v1"
RANDOM_CHARACTERS = 40
OVERLAP = timedelta(days=7)
LIMITS = ("events_per_second", "events_burst", "allowed_origins", "allowed_events")


class KeyNotUsable(Exception):
    """The key is revoked, replaced or past its end, so it cannot be changed this way."""


def new_publishable_key(workspace: Workspace) -> str:
    """A fresh key text that names its version and its workspace's handle.

    Source: Meshes API wire contract, section 2.1.
    Why: no segment may hold an underscore, so base62 and not URL-safe base64.
    """
    handle = workspace.id.hex[:8]
    return f"mesh_pub_{KEY_VERSION}_{handle}_{_random(RANDOM_CHARACTERS)}"


def create_key(workspace: Workspace, *, name: str, by: str, **limits: Any) -> PublishableKey:
    """A new publishable key of the workspace, saved and usable at once.

    Shape: `limits` are columns of LIMITS.
    """
    given = {"name": name, "created_by": by, **limits}
    return PublishableKey.objects.create(
        workspace=workspace, key=new_publishable_key(workspace), **given
    )


def revoke_key(key: PublishableKey, *, by: str, now: datetime) -> PublishableKey:
    """The key, refused from the next request on; revoking twice changes nothing."""
    with transaction.atomic():
        locked: PublishableKey = PublishableKey.objects.select_for_update().get(pk=key.pk)
        if locked.revoked_at is None:
            locked.revoked_at = now
            _save(locked, said=f"revoked by {by}")
    return locked


def rotate_key(
    key: PublishableKey, *, by: str, now: datetime, overlap: timedelta = OVERLAP
) -> PublishableKey:
    """The key that takes over; the old one works until `now` plus `overlap`.

    Shape: with the limits of the old one.
    Raises: KeyNotUsable when the old one is revoked, over or already replaced.
    """
    with transaction.atomic():
        old = PublishableKey.objects.select_for_update().get(pk=key.pk)
        _refuse_to_rotate(old, now)
        limits = {name: getattr(old, name) for name in LIMITS}
        new = create_key(old.workspace, name=old.name, by=by, **limits)
        old.replaced_by = new
        old.expires_at = now + overlap
        _save(old, said=f"rotated by {by}")
    return new


def _refuse_to_rotate(key: PublishableKey, now: datetime) -> None:
    if key.replaced_by_id is not None:
        raise KeyNotUsable("This key is already replaced. Rotate the key that replaced it.")
    if not PublishableKey.objects.usable(now).filter(pk=key.pk).exists():
        raise KeyNotUsable("This key no longer works. Create a new key instead.")


def create_machine_key(
    organization: Organization,
    *,
    name: str,
    by: str,
    workspaces: Iterable[Workspace] = (),
    read_only: bool = False,
) -> tuple[MachineKey, str]:
    """A new machine key and its secret, which cannot be shown again.

    Shape: no workspaces means all of the organization's, as everywhere.
    """
    key = MachineKey(organization=organization, name=name, read_only=read_only, created_by=by)
    secret = equip_machine_key(key)
    with transaction.atomic():
        key.save(force_insert=True)
        key.workspaces.set(workspaces)
    return key, secret


def equip_machine_key(key: MachineKey) -> str:
    """The secret in clear, after the unsaved key got it sealed, and its access key.

    Source: Meshes API wire contract, section 2.2.
    """
    secret = secrets.token_urlsafe(48)
    key.access_key = f"mk_{_random(32)}"
    key.secret = seal(secret)
    key.secret_fingerprint = fingerprint(secret)
    return secret


def revoke_machine_key(key: MachineKey, *, by: str, now: datetime) -> MachineKey:
    """The machine key, refused from the next request on."""
    with transaction.atomic():
        locked: MachineKey = MachineKey.objects.select_for_update().get(pk=key.pk)
        if locked.revoked_at is None:
            locked.revoked_at = now
            _save(locked, said=f"revoked by {by}")
    return locked


def _save(key: Any, *, said: str) -> None:
    key._change_reason = said[:100]  # what django-simple-history writes beside the change
    key.save()


def _random(length: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(length))
