"""Databases of a test's own, beside the suite's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection


@pytest.fixture
def another_database(tmp_path: Path, database_url: str) -> Iterator[Callable[[str], str]]:
    """A function that gives the address of a database of this name that is not there yet."""
    made: list[str] = []

    def name(part: str) -> str:
        if connection.vendor == "sqlite":
            return f"sqlite:///{tmp_path / part}.sqlite3"
        made.append(f"{urlsplit(database_url).path[1:]}_{part}")
        drop(made[-1])
        return urlunsplit(urlsplit(database_url)._replace(path=f"/{made[-1]}"))

    def drop(database: str) -> None:
        with psycopg.connect(database_url, autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    yield name
    for database in made:
        drop(database)


def create(database_url: str, url: str) -> None:
    """Make the database of this address, where the server does not do that by itself."""
    if url.startswith("postgres"):
        with psycopg.connect(database_url, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{urlsplit(url).path[1:]}"')
