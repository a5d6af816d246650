"""Where the database keeps its rows, and how many may talk to it at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

from deliveries import beats
from deliveries.pump import RESERVE
from meshes.doctor.findings import Asked, Finding, broken, ok, warning

MIB, GIB = 1024**2, 1024**3
LITTLE, TOO_LITTLE = GIB, 200 * MIB
LARGEST_CHECKED = GIB
"""A larger file takes too long to be read through beside the work."""

WEB_THREADS = 4
"""As `gunicorn.conf.py` says."""

OF_WORKER = 3
"""The supervisor, the sweeper and one to spare."""


def look(_asked: Asked) -> Iterator[Finding]:
    """How much room is left, and whether SQLite's file is sound."""
    if connection.vendor != "sqlite":
        yield _free(Path(settings.BASE_DIR))
        return
    name = str(connection.settings_dict["NAME"])
    if ":memory:" in name or "mode=memory" in name:
        yield warning(
            "The database is in memory and ends with this process.", "Set DATABASE_URL to a file."
        )
        return
    yield _free(Path(name).resolve().parent)
    yield from _sqlite(Path(name))


def room(_asked: Asked) -> Iterator[Finding]:
    """Whether PostgreSQL lets all processes in together that the settings and workers ask for."""
    if connection.vendor != "postgresql":
        yield ok("SQLite needs no limit of connections.")
        return
    web = settings.WEB_CONCURRENCY * WEB_THREADS
    senders = settings.WORKER_SENDERS + round(settings.WORKER_SENDERS * RESERVE)
    each = settings.WORKER_PROCESSES + senders + OF_WORKER
    workers = max(1, beats.alive("supervisor"))
    needed, allowed = web + workers * each, _allowed()
    sums = f"{web} of the web server + {workers} x {each} of workers = {needed}"
    if needed > allowed:
        yield warning(
            f"PostgreSQL allows {allowed} connections, and up to {needed} may be wanted ({sums}).",
            "Raise max_connections, or lower WORKER_SENDERS.",
        )
    else:
        yield ok(f"PostgreSQL allows {allowed} connections; wanted are at most {sums}.")


def _allowed() -> int:
    """How many ordinary users of PostgreSQL may connect, other databases' present ones apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int"
            " - (SELECT count(*) FROM pg_stat_activity WHERE datname <> current_database())"
        )
        return int(cursor.fetchone()[0])


def _free(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / GIB:.1f} GiB are free where Meshes writes."
    if free < TOO_LITTLE:
        return broken(text, "Make room; without any, no event can be accepted.")
    if free < LITTLE:
        return warning(text, "Make room, or lower DELIVERY_RETENTION_DAYS.")
    return ok(text)


def _sqlite(file: Path) -> Iterator[Finding]:
    mode = _pragma("journal_mode")
    if mode != "wal":
        yield warning(
            f"SQLite's journal mode is {mode}, so readers and writers wait for each other.",
            "Keep the file on a local disk, where WAL works; network file systems have none.",
        )
    size = file.stat().st_size
    if size > LARGEST_CHECKED:
        yield ok(f"The file has {size / GIB:.1f} GiB, too much to be read through beside the work.")
        return
    said = _pragma("quick_check(1)")
    if said != "ok":
        yield broken("SQLite finds its file damaged.", "Restore the last backup.")
    else:
        yield ok(f"The file is sound ({size / MIB:.1f} MiB, journal mode {mode}).")


def _pragma(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return str(cursor.fetchone()[0])
