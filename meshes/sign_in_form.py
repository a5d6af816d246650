"""The form of the sign-in page: counts tries, and says the same whatever was wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone

from meshes import audit, sign_in_tries
from meshes.admin_base import AuthenticationForm
from meshes.audit import Kind
from meshes.people import named


def locked_message() -> str:
    """What somebody reads after too many tries."""
    minutes = settings.SIGN_IN.lock_minutes
    return (
        f"Too many tries: wait {minutes} minutes, or ask the operator of this server to unlock you."
    )


class SignInForm(AuthenticationForm):
    """User name and password of somebody of the staff."""

    def clean(self) -> dict[str, Any]:
        """The checked values; a try is counted before it is judged."""
        name = self.cleaned_data.get("username") or ""
        address = sign_in_tries.address_of(self.request)
        counted = sign_in_tries.count(name, address=address, now=timezone.now())
        if counted.locked:
            if counted.first:
                audit.note(Kind.LOCKED, by=audit.person(named(name)))
            raise forms.ValidationError(locked_message(), code="locked")
        try:
            values: dict[str, Any] = super().clean()
        except forms.ValidationError:
            if known := named(name):
                audit.note(Kind.FAILED, by=audit.person(known))
            raise
        sign_in_tries.passed(name, address=address)
        return values
