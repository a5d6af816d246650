"""Copies of the database: made while everything runs, put back where nothing is yet.

Never replaces anything. SQLite is copied by its own online backup, PostgreSQL by its own
programs, which get the password by the environment and not on their command line.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import DatabaseError, connection

BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps of a database: the file itself, and files beside it."""


class BackupRefused(Exception):
    """Nothing was copied; a sentence says what to do."""


def back_up(target: Path) -> int:
    """How many bytes the new file has, which holds the whole database of one moment.

    Raises: BackupRefused; then there is no new file.
    """
    if target.exists():
        raise BackupRefused(f"{target} is there already. Choose another name, or move it away.")
    with _draft_of(target) as draft:
        if connection.vendor == "sqlite":
            _copy(Path(connection.settings_dict["NAME"]), draft)
            _refuse_unfit(draft)
        else:
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={draft}")
    return target.stat().st_size


def restore(source: Path) -> None:
    """Put the copy where the settings say that the database is; nothing may be there.

    Raises: BackupRefused; then nothing was put there.
    """
    if not source.is_file():
        raise BackupRefused(f"There is no file {source}.")
    if connection.vendor == "sqlite":
        _restore_file(source, Path(connection.settings_dict["NAME"]))
        return
    try:
        tables = connection.introspection.table_names()
    except DatabaseError:
        raise BackupRefused(
            "The database does not answer. Create it with createdb, or correct DATABASE_URL."
        ) from None
    if tables:
        raise BackupRefused(
            "The database of DATABASE_URL is not empty. Create a new one with createdb, and "
            "name it in DATABASE_URL."
        )
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run("pg_restore", *options, str(source))


def _restore_file(source: Path, target: Path) -> None:
    there = [target.with_name(target.name + end) for end in BESIDE]
    if taken := [path for path in there if path.exists()]:
        names = " and ".join(str(path) for path in taken)
        raise BackupRefused(f"Stop the web server and all workers and move {names} away first.")
    _refuse_unfit(source)
    with _draft_of(target) as draft:
        shutil.copyfile(source, draft)


@contextlib.contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """A new file for its owner alone, which becomes the target when the block succeeds."""
    draft = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise BackupRefused(f"{target} cannot be written ({error.strerror}).") from None
    try:
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        os.link(draft, target)  # never over a file that came meanwhile
    except OSError as error:
        raise BackupRefused(f"{target} cannot be written ({error.strerror}).") from None
    finally:
        for end in BESIDE:
            draft.with_name(draft.name + end).unlink(missing_ok=True)


def _copy(source: Path, draft: Path) -> None:
    """Copy all pages in one step, so that what others write meanwhile cannot mix in."""
    if not source.is_file():
        raise BackupRefused(f"There is no database {source} yet. Run: manage.py migrate")
    address = f"{source.resolve().as_uri()}?mode=rw"
    try:
        with (
            closing(sqlite3.connect(address, uri=True)) as live,
            closing(sqlite3.connect(draft)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # all in one file
    except sqlite3.Error as error:
        raise BackupRefused(f"SQLite could not copy the database: {error}.") from None


def _refuse_unfit(file: Path) -> None:
    """Nothing when the file is a whole database of Meshes."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as copy:
            found = copy.execute("PRAGMA quick_check").fetchone()[0]
            copy.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except sqlite3.DatabaseError:
        found = "no database of Meshes"
    if found != "ok":
        raise BackupRefused(f"{file} is damaged or no backup of Meshes. Take another one.")


def _run(program: str, *options: str) -> None:
    """Run one of PostgreSQL's programs on the database of the settings."""
    path = shutil.which(program)
    if path is None:
        raise BackupRefused(
            f"{program} is not installed here. Install PostgreSQL's client programs (on Debian: "
            "apt install postgresql-client), or run it where the server is; docs/operating.md."
        )
    given, extra = connection.client.settings_to_cmd_args_env(_settings(), [])
    where = [*given[1:-1], f"--dbname={given[-1]}"]
    ended = subprocess.run(  # noqa: S603  the operator's own database and file
        [path, *where, *options],
        env={**os.environ, **(extra or {})},
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or ["no reason given"])[0]
        raise BackupRefused(f"{program} failed: {said}")


def _settings() -> dict[str, Any]:
    # Options for psycopg that the programs take from the place of the socket instead.
    values = dict(connection.settings_dict)
    options = dict(values["OPTIONS"])
    values["HOST"] = values["HOST"] or options.pop("host", "")
    options.pop("options", None)
    values["OPTIONS"] = options
    return values
