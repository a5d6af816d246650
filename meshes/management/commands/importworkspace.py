"""Brings a workspace to what an exported file says; what it does not name is left alone."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from meshes.management.organizations import organization_named
from rules.exported_files import FileUnusable
from rules.importing import ImportRefused
from rules.workspace_import import Author, Imported, import_workspace
from rules.workspace_reading import MOST_BYTES, read

BY = "importworkspace"


class Command(BaseCommand):
    """The command line around `import_workspace`."""

    help = "Imports a file that exportworkspace has written; all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, where it goes, and whether only to try it."""
        parser.add_argument("file", type=Path, help="a file that exportworkspace has written")
        parser.add_argument("--workspace", default="", help="name of the workspace (the file's)")
        parser.add_argument("--org", help="name or id of the organization (the first one)")
        parser.add_argument(
            "--dry-run", action="store_true", help="store nothing; say what would be"
        )

    def handle(
        self, *_: Any, file: Path, workspace: str, org: str | None, dry_run: bool, **__: Any
    ) -> None:
        """Import, then say what was done and what waits for a key."""
        try:
            done = import_workspace(
                read(_bytes(file)),
                organization=organization_named(org),
                name=workspace,
                author=Author(by=BY, now=timezone.now()),
                dry_run=dry_run,
            )
        except (FileUnusable, ImportRefused) as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(_told(done, dry_run=dry_run)))


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror}).") from None


def _told(done: Imported, *, dry_run: bool) -> list[str]:
    said = ["Nothing was stored; this is what an import would do."] if dry_run else []
    if done.key is not None:
        said.append(f"Workspace {done.workspace.name}: new.")
        said += [] if dry_run else [f"Its publishable key: {done.key.key}"]
    else:
        said.append(f"Workspace {done.workspace.name}: was there already.")
    kinds = dict.fromkeys(kind for kind, _ in done.counts)
    for kind in kinds:
        parts = [f"{n} {fate}" for (each, fate), n in done.counts.items() if each == kind]
        said.append(f"{kind.capitalize()}: {', '.join(parts)}.")
    said += done.waiting
    if done.waiting:
        said.append("Then run importworkspace again with the same file: it goes on from here.")
    return said
