"""`manage.py worker`: delivers what is due, until it is asked to stop."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from meshes.supervisor import Supervisor


class Command(BaseCommand):
    """A supervised django-q2 cluster; run as many as you like, on any machine."""

    help = "Run the delivery worker: a django-q2 cluster under a supervisor."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Check the database, then supervise until SIGTERM or Ctrl-C."""
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            raise CommandError(
                "The database does not answer. Start it or correct DATABASE_URL."
            ) from None
        if missing:
            raise CommandError("The database is not up to date. Run `manage.py migrate` first.")
        Supervisor(say=self.stdout.write).run()
