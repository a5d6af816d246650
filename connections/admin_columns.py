"""What the list of connections shows of each, one method per column."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from connections import destinations
from connections.models import Connection
from connections.states import ago, state_of
from connections.waiting import Held
from meshes.moments import moment


class ConnectionColumns:
    """Columns of the list; reads, never writes."""

    @admin.display(description="Destination")
    def destination(self, obj: Connection) -> str:
        """The destination's name."""
        kind = obj.kind if obj.account_id else destinations.DESTINATIONS[0].kind
        return destinations.destination(kind).name

    @admin.display(description="Account address", ordering="account__key")
    def host(self, obj: Connection) -> str:
        """The account's host."""
        return obj.account.key

    @admin.display(description="Made by")
    def maker(self, obj: Connection) -> str:
        """The person or the machine key that added it, and when."""
        return f"{obj.created_by}, {moment(obj.created_at)}"

    @admin.display(description="State")
    def state(self, obj: Connection) -> SafeString:
        """How it is doing, what to do, and what waits for it."""
        found = state_of(obj, now=timezone.now())
        shown = format_html('<span class="connection-{}">{}</span>', found.tone, found)
        held: Held | None = getattr(obj, "held", None)
        if held is None:
            return shown
        link = '{} <a class="text-link" href="{}">{}</a>'
        words = capfirst(held.words)
        return format_html(link if held.url else "{} {}{}", shown, held.url, f"{words}.")

    @admin.display(description="Checked", ordering="checked_at")
    def checked(self, obj: Connection) -> str:
        """How long ago it was checked."""
        return ago(obj.checked_at).capitalize() if obj.checked_at else "Never"
