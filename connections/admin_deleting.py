"""The active rules that keep a connection from being deleted, as links to their pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from connections.models import Connection

SHOWN = 20
LINK = '<a class="text-link" href="{}">{}</a>'


def rules_in_the_way(connection: Connection, user: Any) -> Iterator[str]:
    """A line for each active rule, by name; beyond the first of them one for all.

    Shape: people who may not see rules get the names without links.
    """
    rules = connection.rules.live().filter(active=True).order_by("name", "pk")
    names = list(rules.values_list("pk", "name")[: SHOWN + 1])
    may = user.has_perm("rules.view_rule")
    for pk, name in names[:SHOWN]:
        yield _line(reverse("admin:rules_rule_change", args=[pk]), f"Rule “{name}”", linked=may)
    if len(names) > SHOWN:
        asked = f"?connection__id__exact={connection.pk}&active__exact=1"
        every = f"All {rules.count()} active rules of this connection"
        yield _line(reverse("admin:rules_rule_changelist") + asked, every, linked=may)


def _line(address: str, words: str, *, linked: bool) -> str:
    return format_html(LINK, address, words) if linked else words
