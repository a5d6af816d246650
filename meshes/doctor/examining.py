"""Runs every check in turn; one that breaks is a finding and keeps no other from its turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import redis
from django.db import DatabaseError, close_old_connections

from meshes.doctor import (
    accounts,
    broker,
    canary,
    clocks,
    database,
    deliveries,
    mail,
    places,
    secrets,
    storage,
    workers,
)
from meshes.doctor import settings as own_settings
from meshes.doctor.findings import Asked, Check, Finding, broken

DATABASE, MIGRATIONS = ("database",), ("database", "migrations")
CHECKS: tuple[Check, ...] = (
    Check("settings", own_settings.look),
    Check("addresses", places.addresses),
    Check("metrics", places.metrics),
    Check("static files", places.static_files),
    Check("database", database.look),
    Check("migrations", database.migrations, DATABASE),
    Check("writing", database.writing, MIGRATIONS),
    Check("storage", storage.look, DATABASE),
    Check("connections to the database", storage.room, MIGRATIONS),
    Check("secrets", secrets.look, MIGRATIONS),
    Check("queue", broker.look),
    Check("clock", clocks.look, DATABASE),
    Check("workers", workers.look, MIGRATIONS),
    Check("canary", canary.look, MIGRATIONS),
    Check("deliveries", deliveries.look, MIGRATIONS),
    Check("books", deliveries.books, MIGRATIONS),
    Check("accounts", accounts.look, MIGRATIONS),
    Check("rules", accounts.rules, MIGRATIONS),
    Check("mail", mail.look),
    Check("alert contacts", mail.contacts, MIGRATIONS),
)


def examine(asked: Asked, *, checks: Sequence[Check] = CHECKS) -> Iterator[tuple[str, Finding]]:
    """Each finding with the name of its check, as soon as it is known."""
    failed: set[str] = set()
    for check in checks:
        for finding in _look(check, asked, failed):
            if finding.level == "broken":
                failed.add(check.name)
            yield check.name, finding


def _look(check: Check, asked: Asked, failed: set[str]) -> Iterator[Finding]:
    missing = [name for name in check.needs if name in failed]
    if missing:
        yield Finding("skipped", f"Left out, as the check of {missing[0]} found it broken.")
        return
    try:
        yield from check.look(asked)
    except (DatabaseError, redis.RedisError) as error:
        close_old_connections()
        yield broken(
            f"It could not be looked at: {type(error).__name__}.",
            "Repair the database or the queue, then run this again.",
        )
    except Exception as error:  # noqa: BLE001  the doctor ends with its own lines, never with a traceback
        yield broken(
            f"The check itself failed: {type(error).__name__}.",
            "Report it with the release that you run; the other lines hold.",
        )
