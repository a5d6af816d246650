"""`manage.py worker`: delivers what is due, until it is asked to stop."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from deliveries import beats
from meshes.supervisor import Supervisor

AWAY = "The database does not answer. Start it or correct DATABASE_URL."


class Command(BaseCommand):
    """A supervised django-q2 cluster; run as many as you like, on any machine."""

    help = "Run the delivery worker: a django-q2 cluster under a supervisor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether only to look for the worker of this machine."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="start nothing; exit with 1 unless a worker of this machine shows signs of life",
        )

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        """Check the database, then supervise until SIGTERM or Ctrl-C."""
        if check:
            self._look()
            return
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            raise CommandError(AWAY) from None
        if missing:
            raise CommandError("The database is not up to date. Run `manage.py migrate` first.")
        Supervisor(say=self.stdout.write).run()

    def _look(self) -> None:
        """Say that this machine's worker and its pump live.

        Raises: CommandError, which ends the command with 1.
        """
        host = socket.gethostname()
        try:
            silent = [kind for kind in ("supervisor", "pump") if not beats.alive(kind, host=host)]
        except DatabaseError:
            raise CommandError(AWAY) from None
        if silent:
            raise CommandError(f"No {silent[0]} on {host} has given a sign of life lately.")
        self.stdout.write(f"The worker on {host} is at work.")
