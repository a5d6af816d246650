"""Where the benchmarks run: a database and a queue, each measurement with a fresh copy.

Nothing of the machine's own data is touched: databases have names of their own and are
dropped at the end.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.servers import postgres_url, redis_url

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Home:
    """A database with a queue.

    Shape: `template` is the address of a migrated, empty database.
    """

    name: str
    template: str
    redis: str = ""
    secrets: dict[str, str] = field(default_factory=dict)

    def environment(self, database: str) -> dict[str, str]:
        """What processes that measure on this database find."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "meshes.settings",
            "ENV_FILE": os.devnull,
            "DATABASE_URL": database,
            "REDIS_URL": self.redis,
            "DESTINATIONS_ALLOW_PRIVATE": "true",
            "PYTHONUNBUFFERED": "1",
            "LOG_LEVEL": "WARNING",
            "CANARY_EVERY_S": "0",
            **self.secrets,
        }

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a new copy of the empty database, removed afterwards."""
        with copied(self.template) as database:
            yield database


@contextmanager
def homes() -> Iterator[tuple[list[Home], str]]:
    """The homes that this machine offers, and what they are."""
    from cryptography.fernet import Fernet

    keys = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "EMAIL_URL": "consolemail://",
    }
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="meshes-bench-"))
        server, postgres_is = postgres_url(stack)
        redis, redis_is = redis_url(stack)
        found = [Home("SQLite", f"sqlite:///{folder}/empty.sqlite3", secrets=keys)]
        if server:
            empty = stack.enter_context(_database(_renamed(server, f"meshes_bench_{os.getpid()}")))
            name = "PostgreSQL+Redis" if redis else "PostgreSQL"
            found.append(Home(name, empty, redis=redis, secrets=keys))
        for home in found:
            _migrate(home)
        yield found, f"PostgreSQL: {postgres_is}. Redis: {redis_is}."


def _migrate(home: Home) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=home.environment(home.template), check=True)


@contextmanager
def copied(template: str) -> Iterator[str]:
    """The address of a copy of the database at this address, to which nobody is connected."""
    if template.startswith("sqlite:"):
        source = Path(template.removeprefix("sqlite:///"))
        with tempfile.TemporaryDirectory(prefix="meshes-bench-") as folder:
            yield f"sqlite:///{shutil.copy(source, Path(folder) / 'meshes.sqlite3')}"
        return
    copy = _renamed(template, f"{_name(template)}_{secrets.token_hex(3)}")
    with _database(copy, template=_name(template)) as database:
        yield database


@contextmanager
def _database(url: str, template: str = "template1") -> Iterator[str]:
    _on_server(url, f'CREATE DATABASE "{_name(url)}" TEMPLATE "{template}"')
    try:
        yield url
    finally:
        _on_server(url, f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')


def _on_server(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(_renamed(url, "postgres"), autocommit=True) as line:
        line.execute(statement)


def _renamed(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
