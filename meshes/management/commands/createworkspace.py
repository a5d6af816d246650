"""Creates a workspace with its first publishable key and the event names it starts with."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from meshes.management.organizations import organization_named
from meshes.models import Workspace
from meshes.workspaces import NameInvalid, NameTaken, create_workspace
from rules.models import EventType, ResourceType

BY = "createworkspace"
EVENT_TYPES = {"page.completed": "Page completed", "contact.created": "Contact created"}
RESOURCE_TYPES = {"global": "Global"}


class Command(BaseCommand):
    """The command line around `create_workspace`."""

    help = "Creates a workspace and prints its id and publishable key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The name, and optionally the organization and the form of the answer."""
        parser.add_argument("name", help="3 to 50 letters, digits, spaces, _ or -")
        parser.add_argument("--org", help="name or id of the organization (the first one)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, name: str, org: str | None, json: bool, **__: Any) -> None:
        """Create everything in one transaction, then print it."""
        organization = organization_named(org)
        try:
            with transaction.atomic():
                workspace, key = create_workspace(name, organization=organization, by=BY)
                seed_catalog(workspace)
        except (NameInvalid, NameTaken) as error:
            raise CommandError(str(error)) from None
        self._print({"workspace_id": str(workspace.id), "publishable_key": key.key}, as_json=json)

    def _print(self, answer: dict[str, str], *, as_json: bool) -> None:
        lines = [f"{name}: {value}" for name, value in answer.items()]
        self.stdout.write(json.dumps(answer) if as_json else "\n".join(lines))


def seed_catalog(workspace: Workspace) -> None:
    """Add the event and resource names that every product starts with."""
    for table, rows in ((EventType, EVENT_TYPES), (ResourceType, RESOURCE_TYPES)):
        for key, label in rows.items():
            table.objects.create(workspace=workspace, key=key, label=label, created_by=BY)
