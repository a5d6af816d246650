"""Writes down who signed in and out, and begins a session's marks; Django says when."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out

from meshes import audit, staff_sessions
from meshes.audit import Kind


def connect() -> None:
    """Hear of every sign-in and sign-out from now on."""
    user_logged_in.connect(_signed_in, dispatch_uid="meshes.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="meshes.signed_out")


def _signed_in(request: Any, user: Any, **_: Any) -> None:
    staff_sessions.begin(request)
    audit.note(Kind.SIGN_IN, by=audit.person(user))


def _signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        audit.note(Kind.SIGN_OUT, by=audit.person(user))
