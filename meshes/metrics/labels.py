"""What workspaces and accounts are called in labels, so that their number stays bounded."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from meshes.models import Workspace

MOST = 1_000
OTHERS = "others"
"""All that come after so many, by their ids: a label of its own for each would cost too much."""


def workspace_names() -> Mapping[str, str]:
    """The name of each workspace that has a label of its own, by its id, deleted ones included."""
    rows = Workspace.objects.order_by("created_at", "pk").values_list("pk", "name")[:MOST]
    return {str(pk): name for pk, name in rows}


def of_workspace(key: str, shown: Mapping[str, str]) -> str:
    """The label of a workspace: its id. Shape: `key` is its id as the database writes it."""
    name = str(UUID(key)) if key else ""
    return name if not name or name in shown else OTHERS
