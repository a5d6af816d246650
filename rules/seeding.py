"""The event and resource names that every workspace starts with.

Source: Meshes API wire contract, section 9.1.
"""

from __future__ import annotations

from meshes.models import Workspace
from rules.models import EventType, ResourceType

EVENT_TYPES = {"page.completed": "Page completed", "contact.created": "Contact created"}
RESOURCE_TYPES = {"global": "Global"}


def seed_catalogs(workspace: Workspace, by: str) -> None:
    """Nothing; the names stand in the workspace's catalogs, for staff to change."""
    for table, rows in ((EventType, EVENT_TYPES), (ResourceType, RESOURCE_TYPES)):
        for key, label in rows.items():
            table.objects.create(workspace=workspace, key=key, label=label, created_by=by)
