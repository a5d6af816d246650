"""Writes down that a password was changed, wherever that happens; checks no password."""

from __future__ import annotations

from typing import Any

from simple_history.models import HistoricalRecords

from meshes import audit
from meshes.audit import Kind


class PasswordChangesAreRecorded:
    """A password validator that refuses nothing.

    Why: Django tells validators of every new password, also of one that a
    command sets, and tells nobody else.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Every password passes here."""

    def get_help_text(self) -> str:
        """Nothing to say to people."""
        return ""

    def password_changed(self, password: str, user: Any = None) -> None:
        """Note that this person's password was changed, and by whom."""
        audit.note(Kind.PASSWORD, by=present(), about=user)


def present() -> audit.Actor:
    """The person of the request that is being answered, or whoever runs a command."""
    request = getattr(HistoricalRecords.context, "request", None)
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return audit.person(user) if signed_in else audit.command("on the server")
