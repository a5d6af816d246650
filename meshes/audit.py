"""Writes down who did what; every edge that changes something calls it.

Texts are names of rows, buttons and fields: no payload, no email, no secret. A table whose
rows are named by such a thing says `named_in_audit` in its place.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.contrib.admin.models import LogEntry
from django.db.models import Model

from meshes.models import AuditEntry, Workspace

Kind = AuditEntry.Kind
UNKNOWN_NAME = "a name that nobody has"


class Actor(NamedTuple):
    """Whoever did it; `pk` is a person's, 0 for anything else."""

    name: str
    pk: int = 0


def person(user: Any) -> Actor:
    """The person of the staff; a name that nobody has for None."""
    return Actor(user.get_username(), user.pk) if user is not None else Actor(UNKNOWN_NAME)


def command(name: str) -> Actor:
    """Whoever may run commands on the server."""
    return Actor(f"command: {name}")


def note(kind: str, *, by: Actor, about: Model | None = None, said: str = "") -> None:
    """Write one entry; it is committed together with what surrounds it."""
    row = {} if about is None else _row(about)
    AuditEntry.objects.create(kind=kind, by=by.name[:200], by_id=by.pk, said=said[:300], **row)


def changed_fields(message: Any) -> str:
    """What a form changed, as Django's admin says it."""
    text = message if isinstance(message, str) else json.dumps(message)
    return LogEntry(change_message=text).get_change_message()


def _row(about: Model) -> dict[str, Any]:
    workspace = about.pk if isinstance(about, Workspace) else getattr(about, "workspace_id", None)
    return {
        "about": about._meta.label_lower,
        "row_id": str(about.pk)[:64],
        "row": str(getattr(about, "named_in_audit", about))[:200],
        "workspace_id": workspace,
    }
