"""What the staff's pages show of a connection, one method per column or line."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join

from connections import destinations
from connections.catalog import visible_catalog
from connections.models import Connection
from connections.states import ago, pause_of, state_of

KIND_NAMES = {"tag": "tags", "list": "lists", "field": "fields"}


class ConnectionColumns:
    """Columns of the list and lines of the page; reads, never writes."""

    @admin.display(description="Destination")
    def destination(self, obj: Connection) -> str:
        """The destination's name."""
        kind = obj.kind if obj.account_id else destinations.DESTINATIONS[0].kind
        return destinations.destination(kind).name

    @admin.display(description="Account address", ordering="account__key")
    def host(self, obj: Connection) -> str:
        """The account's host."""
        return obj.account.key

    @admin.display(description="State")
    def state(self, obj: Connection) -> str:
        """How it is doing and what to do."""
        return str(state_of(obj, now=timezone.now()))

    @admin.display(description="Checked", ordering="checked_at")
    def checked(self, obj: Connection) -> str:
        """How long ago it was checked."""
        return ago(obj.checked_at).capitalize() if obj.checked_at else "Never"

    @admin.display(description="Account name")
    def account_name(self, obj: Connection) -> str:
        """The name that the account gave at the last check."""
        return str(obj.last_check.get("account_name", ""))

    @admin.display(description="Last check")
    def last_result(self, obj: Connection) -> str:
        """When it was checked, what came of it and how fast the answer was."""
        if obj.checked_at is None:
            return "Never"
        speed = obj.last_check.get("latency_ms")
        words = f"{ago(obj.checked_at).capitalize()}: {obj.last_check.get('message', '')}"
        return f"{words} It answered in {speed} ms." if speed else words

    @admin.display(description="Holds")
    def holds(self, obj: Connection) -> str:
        """How many tags, lists and fields, each a link to them."""
        counts = visible_catalog(obj).present().values_list("kind").annotate(Count("pk"))
        found = dict(counts)
        url = reverse("admin:connections_catalogentry_changelist")
        return format_html_join(
            ", ",
            '<a class="text-link" href="{}?account={}&amp;kind={}">{} {}</a>',
            [(url, obj.account_id, k, found.get(k, 0), name) for k, name in KIND_NAMES.items()],
        )

    @admin.display(description="Last read")
    def catalog_read(self, obj: Connection) -> str:
        """When the account was last read, and why not later."""
        read_at = obj.account.catalog_refreshed_at
        words = ago(read_at).capitalize() if read_at else "Never"
        error = obj.account.catalog_error
        return f"{words}. The last try failed: {error}" if error else words

    @admin.display(description="Pause")
    def pause(self, obj: Connection) -> str:
        """Until when the account waits."""
        return pause_of(obj.account, now=timezone.now()) or "Not paused"
