"""A backup is the whole database of one moment, and replaces nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from meshes import backups
from meshes.models import Organization
from tests.threads import aside

pytestmark = pytest.mark.django_db(transaction=True)
ON_POSTGRES = pytest.mark.postgres
ON_SQLITE = pytest.mark.sqlite


def names_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as copy:
        return [name for (name,) in copy.execute("SELECT name FROM meshes_organization")]


@ON_SQLITE
def test_a_copy_made_while_others_write_holds_only_whole_transactions(tmp_path):
    going = [True]

    def write() -> None:
        number = 0
        while going:
            with transaction.atomic():
                for half in ("one", "two"):
                    Organization.objects.create(name=f"{number} {half}")
            number += 1

    writer = aside(write)
    try:
        for number in range(3):
            backups.back_up(tmp_path / f"{number}.backup")
    finally:
        going.clear()
        writer.join()

    for number in range(3):
        names = [name.split() for name in names_in(tmp_path / f"{number}.backup")]
        halves = [each[1] for each in names if len(each) == 2]
        assert halves.count("one") == halves.count("two")


@ON_SQLITE
def test_the_new_file_is_one_and_only_its_owner_reads_it(tmp_path):
    Organization.objects.create(name="Acme")

    size = backups.back_up(tmp_path / "new" / "a.backup")

    [file] = (tmp_path / "new").iterdir()
    assert (file.name, file.stat().st_size) == ("a.backup", size)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Acme" in names_in(file)


def test_a_file_that_is_there_stays_as_it_is(tmp_path):
    (tmp_path / "a.backup").write_text("precious")

    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", str(tmp_path / "a.backup"))

    assert (tmp_path / "a.backup").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CommandError, match="cannot be written"):
        call_command("backup", str(tmp_path / "file" / "a.backup"))


@ON_SQLITE
@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_restore_replaces_no_part_of_a_database(tmp_path, monkeypatch, end):
    backups.back_up(tmp_path / "a.backup")
    target = tmp_path / "meshes.sqlite3"
    (tmp_path / f"meshes.sqlite3{end}").write_text("precious")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(target))

    with pytest.raises(backups.BackupRefused, match="move .* away first"):
        backups.restore(tmp_path / "a.backup")

    assert (tmp_path / f"meshes.sqlite3{end}").read_text() == "precious"


@ON_SQLITE
def test_a_restored_database_holds_what_the_backup_held(tmp_path, monkeypatch):
    Organization.objects.create(name="Acme")
    backups.back_up(tmp_path / "a.backup")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "meshes.sqlite3"))

    backups.restore(tmp_path / "a.backup")

    assert "Acme" in names_in(tmp_path / "meshes.sqlite3")
    assert (tmp_path / "meshes.sqlite3").stat().st_mode & 0o777 == 0o600


@ON_SQLITE
@pytest.mark.parametrize("damage", ["text", "cut", "other"])
def test_what_is_no_whole_backup_is_not_restored(tmp_path, monkeypatch, damage):
    file = tmp_path / "a.backup"
    backups.back_up(file)
    if damage == "text":
        file.write_text("no database")
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.unlink()
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE something (id)")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "meshes.sqlite3"))

    with pytest.raises(backups.BackupRefused, match="damaged or no backup of Meshes"):
        backups.restore(file)

    assert not (tmp_path / "meshes.sqlite3").exists()


def test_a_backup_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"There is no file .*a\.backup"):
        call_command("restore", str(tmp_path / "a.backup"))


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """A folder that alone is searched for PostgreSQL's programs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@ON_POSTGRES
def test_without_postgresqls_programs_the_next_step_is_named(programs, tmp_path):
    with pytest.raises(CommandError, match=r"pg_dump is not installed here\. Install"):
        call_command("backup", str(tmp_path / "a.backup"))

    assert not (tmp_path / "a.backup").exists()


@ON_POSTGRES
def test_the_password_stands_on_no_command_line(programs, tmp_path, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "canary-password")
    script = programs / "pg_dump"
    script.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho "$PGPASSWORD" > {tmp_path}/password\n'
    )
    script.chmod(0o755)

    backups.back_up(tmp_path / "a.backup")

    assert "canary" not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "password").read_text() == "canary-password\n"


@ON_POSTGRES
def test_what_the_program_says_is_told_and_nothing_is_left(programs, tmp_path):
    script = programs / "pg_dump"
    script.write_text("#!/bin/sh\necho 'server version mismatch' >&2\nexit 1\n")
    script.chmod(0o755)

    with pytest.raises(CommandError, match="pg_dump failed: server version mismatch"):
        call_command("backup", str(tmp_path / "a.backup"))

    assert [path.name for path in tmp_path.iterdir()] == ["programs"]


@ON_POSTGRES
def test_a_database_that_is_not_empty_is_not_restored_into(tmp_path):
    (tmp_path / "a.backup").write_text("anything")

    with pytest.raises(CommandError, match=r"not empty\. Create a new one with createdb"):
        call_command("restore", str(tmp_path / "a.backup"))
