"""Prints a workspace's whole configuration as a file, without any secret."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from meshes.management.organizations import organization_named, workspaces_named
from rules.workspace_export import collected
from rules.workspace_file import written


class Command(BaseCommand):
    """The command line around `collected`."""

    help = "Prints a workspace's configuration; docs/workspace-file.md describes the file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which workspace, and whether with the addresses of its alert contacts."""
        parser.add_argument("name", help="name or id of the workspace")
        parser.add_argument("--org", help="name or id of the organization (the first one)")
        parser.add_argument(
            "--no-contacts", action="store_true", help="leave out the addresses of alert contacts"
        )

    def handle(self, *_: Any, name: str, org: str | None, no_contacts: bool, **__: Any) -> None:
        """Print the file."""
        [workspace] = workspaces_named([name], organization_named(org))
        file = collected(workspace, contacts=not no_contacts)
        self.stdout.write(written(file, now=timezone.now()), ending="")
