"""The environment of a run's programs: its own database and secrets, nothing of this machine."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tests.faults.programs import RUN


def own_environment(folder: Path, *, run: str) -> dict[str, str]:
    """The variables that every program of the run starts with; the database lies in the folder."""
    from cryptography.fernet import Fernet

    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        RUN: run,
        "PYTHONUNBUFFERED": "1",
        "ENV_FILE": os.devnull,
        "DATABASE_URL": f"sqlite:///{folder / 'meshes.sqlite3'}",
        "REDIS_URL": "",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "DESTINATIONS_ALLOW_PRIVATE": "true",
        "DEBUG": "false",
        "EMAIL_URL": "dummymail://",
        "LOG_LEVEL": "WARNING",
        "WORKER_PROCESSES": "2",
        "THROTTLE_EVENTS_PER_SECOND": "200",
        "CANARY_EVERY_S": "0",  # the judge knows every event that there may be
    }
