"""Whether alerts reach somebody."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

from django.conf import settings
from django.core.mail import get_connection
from django.db.models import Exists, OuterRef

from connections.models import Connection
from meshes.doctor.findings import Asked, Finding, broken, many, ok, warning
from meshes.models import AlertContact, Workspace

PRINTED = ("console", "dummy", "locmem", "filebased")


def look(asked: Asked) -> Iterator[Finding]:
    """Whether a mail server is set; with `--mail` it is visited, and no mail is sent."""
    backend = str(settings.EMAIL_BACKEND).split(".")[-2]
    if backend in PRINTED:
        yield warning(
            "EMAIL_URL names no mail server, so alert mails reach nobody.",
            "Set EMAIL_URL, such as smtp+tls://user:password@mail.example.com:587",
        )
        return
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        yield warning(
            "ALERT_FROM is not set, and mail servers refuse senders at localhost.",
            "Set ALERT_FROM to an address that the mail server accepts.",
        )
    else:
        yield ok("A mail server is set; --mail visits it.")
    if asked.mail:
        yield _visited()


def contacts(_asked: Asked) -> Iterator[Finding]:
    """Whether every workspace that delivers has somebody to write to."""
    theirs = AlertContact.objects.live().filter(workspace=OuterRef("pk"))
    used = Connection.objects.live().filter(workspace=OuterRef("pk"))
    workspaces = Workspace.objects.live().filter(Exists(used))
    silent = workspaces.filter(~Exists(theirs)).count()
    if silent:
        yield warning(
            f"Without an alert contact: {many(silent, 'workspace')} with connections.",
            "Add one under Alert contacts in the admin.",
        )
    else:
        yield ok("Every workspace with connections has an alert contact.")


def _visited() -> Finding:
    line = get_connection()
    try:
        line.open()
        line.close()
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return broken(
            f"The mail server lets nobody in ({type(error).__name__}).",
            "Check EMAIL_URL: host, port, encryption, user and password.",
        )
    return ok("The mail server lets us in.")
