"""The demonstration's own settings: its folder, database and secrets, apart from yours.

Runs before Django's settings are read, so it imports nothing of Django.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from meshes.kept_secrets import kept

FOLDER = Path(__file__).resolve().parent.parent.parent / "var" / "demo"
DATABASE = FOLDER / "demo.sqlite3"


class AnotherRuns(Exception):
    """A demonstration runs already; two would share one database."""


def prepare() -> None:
    """Point this process and its children at the demonstration's folder.

    Why: a `.env` file for production must neither be used nor be touched.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            "ENV_FILE": str(FOLDER / "no.env"),
            "DATABASE_URL": f"sqlite:///{DATABASE}",
            "SECRET_KEY": kept(FOLDER / "secret_key", secrets.token_urlsafe(50)),
            "CREDENTIAL_KEYS": kept(FOLDER / "credential_key", Fernet.generate_key().decode()),
            "DESTINATIONS_ALLOW_PRIVATE": "true",
            "DEBUG": "false",
            "REDIS_URL": "",
            "PUBLIC_URL": "http://localhost",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "LOG_LEVEL": "INFO",
            "WORKER_PROCESSES": "2",
        }
    )
    for name in ("SECRET_KEY_FILE", "CREDENTIAL_KEYS_FILE", "DATABASE_URL_FILE", "REDIS_URL_FILE"):
        os.environ.pop(name, None)


@contextmanager
def alone() -> Iterator[None]:
    """Keep the demonstration's folder for this process while the block runs.

    Raises: AnotherRuns.
    """
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherRuns(
                "A demonstration runs already. Stop it with Ctrl-C in its terminal, then try again."
            ) from None
        yield


def forget_last_run() -> None:
    """Remove the last run's database, so that this one starts clean."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        DATABASE.with_name(DATABASE.name + suffix).unlink(missing_ok=True)
