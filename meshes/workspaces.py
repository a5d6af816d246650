"""Verbs on workspaces: creating one, and counting up what matching can see."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F

from meshes.models import Workspace


def bump_rules_version(workspace_id: UUID) -> int:
    """The workspace's new rules version, one above the last.

    Why: call it inside the transaction of the change; the row lock that it
    takes puts changes of one workspace in a row.
    """
    Workspace.objects.filter(pk=workspace_id).update(rules_version=F("rules_version") + 1)
    return Workspace.objects.values_list("rules_version", flat=True).get(pk=workspace_id)
