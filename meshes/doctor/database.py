"""Whether the database answers, has the tables that this code needs, and can be written."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, NotSupportedError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from connections.clock import database_now
from deliveries.models import WorkerBeat
from meshes.doctor.findings import Asked, Finding, broken, many, ok, warning

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
CONNECT_S = 5
SLOW_MS = 50
ROOMS = ("meshes", "connections", "rules", "deliveries")


def look(_asked: Asked) -> Iterator[Finding]:
    """Whether it answers, which one it is, and how fast."""
    if connection.vendor == "postgresql" and connection.connection is None:
        connection.settings_dict["OPTIONS"].setdefault("connect_timeout", CONNECT_S)
    try:
        connection.ensure_connection()
        took_ms = _round_trip_ms()
    except NotSupportedError:
        yield broken(
            f"This {_name()} is too old for Meshes.",
            "Use PostgreSQL 14 or newer, or SQLite 3.35 or newer.",
        )
        return
    except DatabaseError as error:
        yield broken(
            f"The database does not answer ({type(error).__name__}).",
            "Check DATABASE_URL: its host, port, name, user and password; then the server.",
        )
        return
    yield _answered(took_ms)


def migrations(_asked: Asked) -> Iterator[Finding]:
    """Whether the tables are those of this code: neither behind nor ahead."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    applied = set(executor.loader.applied_migrations)
    unknown = {key for key in applied - set(executor.loader.disk_migrations) if key[0] in ROOMS}
    if missing:
        yield broken(
            f"The database lacks {many(len(missing), 'migration')} that this code needs.",
            "Run: python manage.py migrate",
        )
    elif unknown:
        yield warning(
            f"The database has {many(len(unknown), 'migration')} that this code does not know.",
            "A newer release has been here; run that one, or restore the backup from before it.",
        )
    else:
        yield ok(f"All {len(applied)} migrations are there.")


def writing(_asked: Asked) -> Iterator[Finding]:
    """Whether a row can be written; it is taken back at once."""
    now = database_now()
    try:
        with transaction.atomic():
            WorkerBeat.objects.create(kind="doctor", started_at=now, beat_at=now, stopping=True)
            transaction.set_rollback(True)
    except DatabaseError as error:
        yield broken(
            f"The database takes no row ({type(error).__name__}).",
            "It may be a read-only replica, locked, or full; or the user lacks the right to write.",
        )
        return
    yield ok("The database takes rows.")


def _answered(took_ms: float) -> Finding:
    text = f"{_name()} {_version()} answers in {took_ms:.1f} ms."
    if took_ms > SLOW_MS:
        return warning(text, "Each event asks it a few times; bring it nearer to the web server.")
    return ok(text)


def _round_trip_ms() -> float:
    fastest = float("inf")
    with connection.cursor() as cursor:
        for _ in range(3):
            began = time.monotonic()
            cursor.execute("SELECT 1")
            cursor.fetchone()
            fastest = min(fastest, time.monotonic() - began)
    return fastest * 1000


def _version() -> str:
    return ".".join(str(part) for part in connection.get_database_version())


def _name() -> str:
    engine = str(settings.DATABASES["default"]["ENGINE"])
    return NAMES.get(connection.vendor, engine)
