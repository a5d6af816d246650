"""The form of a new rule, filled in for events that no rule covers; a person still saves it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from connections.models import Connection
from rules.models import Rule

NAME_LENGTH = 128


def rule_like(workspace_id: UUID, **conditions: str) -> Rule | None:
    """An active rule with these conditions whose connection and action a new one may take."""
    rules = Rule.objects.enabled().filter(workspace=workspace_id, **conditions)
    return rules.filter(connection__deleted_at__isnull=True).order_by("name", "pk").first()


def only_connection(workspace_id: UUID) -> UUID | None:
    """The workspace's connection, where it has just one."""
    live = Connection.objects.live().filter(workspace=workspace_id)
    found = list(live.order_by("pk").values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def draft_address(
    asked: Mapping[str, str],
    *,
    like: Rule | None = None,
    connection_id: UUID | None = None,
    name: str = "",
) -> str:
    """The form with these conditions, and with the connection and action of a rule like it."""
    given = {key: text for key, text in asked.items() if text}
    chosen = like.connection_id if like else connection_id
    given |= {"connection": str(chosen)} if chosen else {}
    given |= {"action": like.action} if like else {}
    given |= {"name": name[:NAME_LENGTH]} if name else {}
    return f"{reverse('admin:rules_rule_add')}?{urlencode(given)}"
