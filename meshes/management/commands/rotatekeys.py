"""Seals every stored secret with the newest key, or tells whether that is still to be done."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from meshes.key_rotation import Standing, rotate, standing

SAFE = "The older keys may be removed from CREDENTIAL_KEYS."
NEEDED = (
    "{older} stored secrets still need an older key of CREDENTIAL_KEYS. Restart every web server "
    "and worker with the new list of keys, then run: manage.py rotatekeys"
)
LOST = (
    "{lost} stored secrets cannot be opened by any key of CREDENTIAL_KEYS ({where}). Put the key "
    "back that they were saved with and run rotatekeys again, or enter these secrets anew."
)


class Command(BaseCommand):
    """The command line around `rotate`."""

    help = (
        "Seals every stored secret with the first key of CREDENTIAL_KEYS; others go on meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether only to look."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="change nothing; exit with 1 while an older key is needed",
        )

    def handle(self, *_: Any, check: bool, **__: Any) -> None:
        """Rotate unless only asked to look; what is left undone ends the command with 1."""
        if not check:
            self.stdout.write(f"Secrets sealed with the newest key just now: {rotate()}.")
        found = standing()
        self.stdout.write(f"Secrets that the newest key opens: {found.newest}.")
        self._judge(found)

    def _judge(self, found: Standing) -> None:
        if found.older:
            self.stderr.write(NEEDED.format(older=found.older))
        if found.lost:
            where = ", ".join(sorted(set(found.lost_in)))
            self.stderr.write(LOST.format(lost=found.lost, where=where))
        if found.older or found.lost:
            raise SystemExit(1)
        self.stdout.write(SAFE)
