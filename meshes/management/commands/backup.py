"""`manage.py backup FILE`: the whole database in one file, while everything runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meshes.backups import BackupRefused, back_up


class Command(BaseCommand):
    """The command line around `back_up`."""

    help = "Writes the whole database as it is at one moment into a new file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to write it."""
        parser.add_argument("file", type=Path, help="a file that does not exist yet")

    def handle(self, *_: Any, file: Path, **__: Any) -> None:
        """Copy, then say how large it became."""
        try:
            size = back_up(file)
        except BackupRefused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Backed up into {file}, {size:,} bytes.")
        self.stdout.write("Keep CREDENTIAL_KEYS too, in another place: without them, no key opens.")
