"""What differs from Django's own PostgreSQL backend: a kept connection is asked for its health
only when there is a doubt, and statements that come again and again are planned once.
"""

from __future__ import annotations

import pytest
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext

from meshes.postgresql.base import quiet
from meshes.statements import prepared_cursor
from tests.deliveries.senders import EVENT, make_sender

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def last_statement(pid: int) -> str:
    """What the server was asked last through this connection."""
    other = connection.copy("other")
    with other.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid])
        [query] = cursor.fetchone()
    other.close()
    return str(query)


def end_from_outside() -> None:
    """Let the server close our connection, as when it is restarted."""
    other = connection.copy("other")
    with connection.cursor() as ours, other.cursor() as theirs:
        ours.execute("SELECT pg_backend_pid()")
        theirs.execute("SELECT pg_terminate_backend(%s, 5000)", ours.fetchone())
    other.close()


def test_a_healthy_connection_is_not_asked():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid() AS asked_last")
        [pid] = cursor.fetchone()

    assert connection.is_usable()

    assert last_statement(pid) == "SELECT pg_backend_pid() AS asked_last"


def test_a_connection_that_the_server_closed_is_found_out():
    end_from_outside()

    assert not quiet(connection.connection)
    assert not connection.is_usable()
    connection.close()


def test_no_connection_and_a_closed_one_are_not_usable():
    connection.ensure_connection()
    raw = connection.connection
    raw.close()

    assert not quiet(raw)
    assert not quiet(None)
    assert not connection.is_usable()
    connection.close()


def test_a_request_after_a_restart_of_the_server_is_accepted():
    api = make_sender()
    assert api.emit(EVENT).status_code == 201
    end_from_outside()
    close_old_connections()  # Django's own signal, which the test client keeps back

    assert api.emit(EVENT).status_code == 201


def prepared() -> list[str]:
    """The statements whose plans the server keeps for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
        return [statement for (statement,) in cursor.fetchall()]


@pytest.fixture
def fresh_connection():
    """A connection that has prepared nothing yet."""
    connection.close()
    yield connection
    connection.close()


def test_an_accepted_event_leaves_two_plans_that_the_next_one_uses(fresh_connection):
    api = make_sender()
    assert api.emit(EVENT).status_code == 201
    first = prepared()

    assert api.emit(EVENT).status_code == 201

    assert prepared() == first
    assert [statement.split()[0] for statement in first] == ["SELECT", "INSERT"]


def test_where_prepared_statements_are_forbidden_there_are_none(fresh_connection, monkeypatch):
    options = {**connection.settings_dict["OPTIONS"], "prepare_threshold": None}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)

    assert make_sender().emit(EVENT).status_code == 201

    assert prepared() == []


def test_a_prepared_cursor_names_its_statement_and_no_value():
    with CaptureQueriesContext(connection) as caught, prepared_cursor() as cursor:
        cursor.execute("SELECT %s::text", ["alex@northstar.io"])
        assert cursor.fetchone() == ("alex@northstar.io",)

    assert [query["sql"] for query in caught.captured_queries] == ["SELECT %s::text"]
