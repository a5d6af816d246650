"""The buttons that make, rotate and revoke keys, and how keys are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from meshes import keys
from meshes.admin_base import who
from meshes.admin_buttons import Button
from meshes.key_states import ACTIVE, OVER, state_of
from meshes.models import MachineKey, PublishableKey, Workspace

DAYS = keys.OVERLAP.days
REFUSED = "Requests that use it are refused from now on."


def copyable(value: str) -> SafeString:
    """The value with a button that copies it."""
    return render_to_string("admin/copyable.html", {"value": value})


@admin.display(description="state")
def state(key: PublishableKey | MachineKey) -> SafeString:
    """Whether the key opens the door, in words."""
    tone, words = state_of(key, timezone.now())
    return format_html('<span class="state-{}">{}</span>', tone, words)


class NewKeyForm(forms.Form):
    """What a new publishable key needs."""

    name = forms.CharField(max_length=64, help_text="Where the key is used, such as Website.")


def _create(request: HttpRequest, workspace: Workspace, values: Mapping[str, Any]) -> str:
    key = keys.create_key(workspace, name=values["name"], by=who(request))
    return f"The key {key.name} is ready. Copy it from the list below."


def _rotate(request: HttpRequest, key: PublishableKey, _values: Mapping[str, Any]) -> str:
    keys.rotate_key(key, by=who(request), now=timezone.now())
    return f"A new key {key.name} is ready. The old one works for {DAYS} more days."


def _revoke(request: HttpRequest, key: PublishableKey, _values: Mapping[str, Any]) -> str:
    keys.revoke_key(key, by=who(request), now=timezone.now())
    return f"The key {key.name} is revoked. {REFUSED}"


def _revoke_machine(request: HttpRequest, key: MachineKey, _values: Mapping[str, Any]) -> str:
    keys.revoke_machine_key(key, by=who(request), now=timezone.now())
    return f"The machine key {key.name} is revoked. {REFUSED}"


def _is_active(key: PublishableKey) -> bool:
    return state_of(key, timezone.now())[0] == ACTIVE


def _is_usable(key: PublishableKey | MachineKey) -> bool:
    return state_of(key, timezone.now())[0] != OVER


CREATE = Button(
    name="create-key",
    label="Create publishable key",
    question="Create one more publishable key for {row}? The others keep working.",
    act=_create,
    form=NewKeyForm,
    permission="meshes.add_publishablekey",
)
ROTATE = Button(
    name="rotate",
    label="Rotate",
    question="Make a new key in place of {row} ({row.beginning}) in {row.workspace}? "
    f"The old one works for {DAYS} more days.",
    act=_rotate,
    shown=_is_active,
    refusals=(keys.KeyNotUsable,),
)
REVOKE = Button(
    name="revoke",
    label="Revoke",
    question="Revoke the key {row} ({row.beginning}) of {row.workspace}? "
    "Every request that uses it is refused from then on.",
    act=_revoke,
    shown=_is_usable,
    danger=True,
)
REVOKE_MACHINE = Button(
    name="revoke",
    label="Revoke",
    question="Revoke the machine key {row} ({row.access_key}) of {row.organization}? "
    "Every request that uses it is refused from then on.",
    act=_revoke_machine,
    shown=_is_usable,
    danger=True,
)
