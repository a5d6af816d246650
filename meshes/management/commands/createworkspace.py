"""Creates a workspace with all that it starts with, and prints its first publishable key."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meshes import audit
from meshes.audit import Kind
from meshes.management.organizations import organization_named
from meshes.workspaces import NameInvalid, NameTaken, create_workspace

BY = "createworkspace"


class Command(BaseCommand):
    """The command line around `create_workspace`."""

    help = "Creates a workspace and prints its id and publishable key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The name, and optionally the organization and the form of the answer."""
        parser.add_argument("name", help="3 to 50 letters, digits, spaces, _ or -")
        parser.add_argument("--org", help="name or id of the organization (the first one)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, name: str, org: str | None, json: bool, **__: Any) -> None:
        """Create the workspace, then print what a client needs."""
        organization = organization_named(org)
        try:
            workspace, key = create_workspace(name, organization=organization, by=BY)
        except (NameInvalid, NameTaken) as error:
            raise CommandError(str(error)) from None
        audit.note(Kind.COMMAND, by=audit.command(BY), about=workspace)
        self._print({"workspace_id": str(workspace.id), "publishable_key": key.key}, as_json=json)

    def _print(self, answer: dict[str, str], *, as_json: bool) -> None:
        lines = [f"{name}: {value}" for name, value in answer.items()]
        self.stdout.write(json.dumps(answer) if as_json else "\n".join(lines))
