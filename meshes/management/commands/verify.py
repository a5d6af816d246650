"""Recounts the rows and evaluates a sample of events again; exits 1 when something is wrong."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from deliveries.verification_text import lines
from deliveries.verifying import verify
from meshes.models import Workspace


class Command(BaseCommand):
    """The command line around `verify`."""

    help = "Says whether everything adds up: sums, matches, and the order of deliveries."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many events to evaluate again, which, and whose."""
        parser.add_argument("--sample", type=int, default=1000, help="events (1000)")
        parser.add_argument("--seed", type=int, help="draws the same events again")
        parser.add_argument("--workspace", type=UUID, help="id of the only workspace to look at")

    def handle(
        self, *_: Any, sample: int, seed: int | None, workspace: UUID | None, **__: Any
    ) -> None:
        """Print what was found; a fault ends the command with 1."""
        if sample < 0:
            raise CommandError("--sample must not be below 0.")
        if workspace is not None and not Workspace.objects.filter(pk=workspace).exists():
            raise CommandError(f"There is no workspace {workspace}. The admin shows their ids.")
        drawn = secrets.randbelow(2**31) if seed is None else seed
        found = verify(sample=sample, seed=drawn, workspace_id=workspace)
        self.stdout.write("\n".join(lines(found)))
        if not found.ok:
            raise SystemExit(1)
