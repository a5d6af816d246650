"""Writers of one process take turns on SQLite, and every way to end a write ends the turn."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, suppress

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import F

from meshes.models import Workspace
from meshes.sqlite import base
from meshes.sqlite.base import LOOK_EVERY_S, PATIENCE_S, READS
from tests.builders import make_workspace
from tests.threads import aside, at_once

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]

UPDATE = "UPDATE meshes_workspace SET rules_version = rules_version + 1"


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def others_may_write() -> bool:
    """Whether another process could write now, as SQLite sees it."""
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


def committed() -> None:
    with transaction.atomic():
        run(UPDATE)


def rolled_back() -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        run(UPDATE)
        raise ZeroDivisionError


def nested() -> None:
    with transaction.atomic():
        with suppress(ZeroDivisionError), transaction.atomic():
            run(UPDATE)
            raise ZeroDivisionError
        assert connection.has_turn
        with transaction.atomic():
            run(UPDATE)
        assert connection.has_turn


def closed_halfway() -> None:
    with suppress(DatabaseError), transaction.atomic():
        run(UPDATE)
        connection.close()


def broken_statement() -> None:
    with suppress(OperationalError):
        run("UPDATE no_such_table SET x = 1")


def broken_in_a_transaction() -> None:
    with suppress(OperationalError), transaction.atomic():
        run("UPDATE no_such_table SET x = 1")


def many_at_once() -> None:
    with connection.cursor() as cursor:
        cursor.executemany(f"{UPDATE} WHERE id = %s", [("a",), ("b",)])


def manual_transaction() -> None:
    transaction.set_autocommit(False)
    run(UPDATE)
    assert connection.has_turn
    transaction.commit()
    transaction.set_autocommit(True)


@pytest.mark.parametrize(
    "write",
    [
        committed,
        rolled_back,
        nested,
        closed_halfway,
        broken_statement,
        broken_in_a_transaction,
        many_at_once,
        manual_transaction,
    ],
)
def test_however_a_write_ends_the_turn_ends_with_it(write):
    make_workspace()

    write()

    assert not connection.has_turn
    assert others_may_write()
    assert aside(committed).join(timeout=20) is None


def test_a_begin_that_sqlite_refuses_ends_the_turn(monkeypatch):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.1)
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            committed()
    connection.close()

    assert not connection.has_turn


def test_rows_of_a_write_need_not_be_fetched_for_others_to_write():
    make_workspace()
    make_workspace()

    with connection.cursor() as cursor:
        cursor.execute(f"{UPDATE} RETURNING id")
        assert others_may_write()
        assert not connection.has_turn


def test_all_rows_of_a_write_can_be_fetched_in_every_way():
    statement = "INSERT INTO django_content_type (app_label, model) VALUES {} RETURNING model"
    with connection.cursor() as cursor:
        cursor.execute(statement.format(", ".join(f"('x', '{name}')" for name in "abcdefg")))
        found = [cursor.fetchone(), *cursor.fetchmany(2), next(cursor.cursor), *cursor.fetchall()]
        rest = (cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall(), list(cursor))
        cursor.execute("SELECT count(*) FROM django_content_type WHERE app_label = 'x'")

        assert "".join(model for (model,) in found) == "abcdefg"
        assert rest == (None, [], [], [])
        assert cursor.fetchone() == (7,)


def test_a_read_never_waits_for_a_writer():
    make_workspace()
    connection.patience_s = 60.0
    with transaction.atomic():
        reader = aside(lambda: Workspace.objects.count())
        reader.join(timeout=20)

        assert not reader.is_alive()


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        ("SELECT 1", True),
        ("\n  select updated_at FROM x", True),
        ("WITH found AS (SELECT 1) SELECT replace('a', 'b', 'c') FROM found", True),
        ("WITH found AS (SELECT 1)\nUPDATE x SET a = 1", False),
        ("BEGIN IMMEDIATE", False),
        ("INSERT INTO x SELECT 1 RETURNING id", False),
        ("CREATE TABLE x (y)", False),
    ],
)
def test_what_reads_is_told_from_what_writes(statement, reads):
    assert bool(READS.match(statement)) is reads


def test_threads_that_write_in_every_way_lose_nothing():
    workspace = make_workspace()
    rows = Workspace.objects.filter(pk=workspace.pk)

    def write() -> None:
        for _ in range(10):
            with transaction.atomic():
                rows.update(rules_version=F("rules_version") + 1)
            rows.update(rules_version=F("rules_version") + 1)
            with connection.cursor() as cursor:
                cursor.execute(f"{UPDATE} RETURNING rules_version")

    before = workspace.rules_version
    at_once(12, write)

    workspace.refresh_from_db()
    assert workspace.rules_version == before + 12 * 10 * 3


def another_process_writes(seconds: float) -> threading.Thread:
    """A thread that keeps SQLite's own lock for so long, as another process would."""
    begun = threading.Event()

    def hold() -> None:
        name = connection.settings_dict["NAME"]
        with closing(sqlite3.connect(name, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun.set()
            time.sleep(seconds)
            other.execute("COMMIT")

    thread = aside(hold)
    assert begun.wait(10)
    return thread


def test_who_waits_for_another_process_looks_every_millisecond(monkeypatch):
    other, looks, sleep = another_process_writes(0.3), [], time.sleep
    monkeypatch.setattr(base.time, "sleep", lambda seconds: (looks.append(seconds), sleep(seconds)))

    committed()

    other.join(10)
    assert len(looks) >= 2
    assert set(looks) == {LOOK_EVERY_S}
    assert others_may_write()


def test_the_usual_error_comes_when_another_process_writes_for_too_long(monkeypatch):
    options = {**connection.settings_dict["OPTIONS"], "timeout": 0.05}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    other = another_process_writes(0.5)

    with pytest.raises(OperationalError, match="locked"):
        committed()

    other.join(10)
    assert not connection.has_turn
    committed()


def test_after_a_write_reads_wait_as_long_as_before():
    committed()

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        [milliseconds] = cursor.fetchone()

    wait_s = connection.settings_dict["OPTIONS"].get("timeout", PATIENCE_S)
    assert milliseconds == wait_s * 1000
