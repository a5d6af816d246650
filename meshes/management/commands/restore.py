"""`manage.py restore FILE`: a backup becomes the database, where there is none yet."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meshes.backups import BackupRefused, restore


class Command(BaseCommand):
    """The command line around `restore`."""

    help = "Puts a backup where DATABASE_URL says; replaces nothing."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to put there."""
        parser.add_argument("file", type=Path, help="a file that `manage.py backup` has written")

    def handle(self, *_: Any, file: Path, **__: Any) -> None:
        """Restore, then name the next steps."""
        try:
            restore(file)
        except BackupRefused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Restored from {file}.")
        self.stdout.write(
            "Next: manage.py migrate, manage.py rotatekeys --check, manage.py verify."
        )
