"""Requests that wait together are written together, and each has its own fate."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from psycopg.errors import DeadlockDetected

from deliveries import gathering, intake
from deliveries.gathering import Gathering
from deliveries.models import Delivery, Event
from tests.builders import make_rule
from tests.deliveries.senders import EVENT, make_sender, stored
from tests.threads import at_once
from tests.workers import wait_for

WAITS_S = 20


class Table:
    """What `write` fills; it holds the first write up until `go` is set."""

    def __init__(
        self, *, fails: Callable[[list[str]], BaseException | None] = lambda _: None
    ) -> None:
        self.writes: list[list[str]] = []
        self.begun, self.go = threading.Event(), threading.Event()
        self.fails = fails

    def write(self, events: Any, deliveries: Any) -> None:
        names = [row["name"] for row in (*events, *deliveries)]
        if not self.begun.is_set():
            self.begun.set()
            assert self.go.wait(WAITS_S)
        error = self.fails(names)
        if error is not None:
            raise error
        self.writes.append(names)


@contextmanager
def waiting(
    table: Table, names: list[str], *, transaction: Any = nullcontext, patience_s: float = WAITS_S
) -> Iterator[tuple[Gathering, dict[str, Future[None]]]]:
    """The first of the names is being written, and the others wait in their order."""
    together = Gathering(table.write, transaction=transaction)
    together.patience_s = patience_s
    with ThreadPoolExecutor(len(names)) as pool:
        futures = {}
        for number, name in enumerate(names):
            futures[name] = pool.submit(together.store, [{"name": name}], [])
            assert table.begun.wait(WAITS_S)
            wait_for(lambda number=number: len(together._waiting) >= number)
        try:
            yield together, futures
        finally:
            table.go.set()


def outcomes(futures: dict[str, Future[None]]) -> dict[str, str]:
    """For each request '' or the text of its error."""
    return {name: str(future.exception(timeout=WAITS_S) or "") for name, future in futures.items()}


def test_one_alone_is_written_at_once():
    table = Table()
    table.go.set()

    Gathering(table.write, transaction=nullcontext).store([{"name": "a"}], [{"name": "b"}])

    assert table.writes == [["a", "b"]]


def test_those_who_wait_are_written_together_in_their_order():
    table = Table()
    with waiting(table, list("abcd")) as (_, futures):
        table.go.set()

    assert outcomes(futures) == dict.fromkeys("abcd", "")
    assert table.writes == [["a"], ["b", "c", "d"]]


def test_no_more_rows_than_the_most_go_together(monkeypatch):
    monkeypatch.setattr(gathering, "MOST_ROWS", 2)
    table = Table()
    with waiting(table, list("abcdef")) as (_, futures):
        table.go.set()

    assert outcomes(futures) == dict.fromkeys("abcdef", "")
    assert table.writes == [["a"], ["b", "c"], ["d", "e"], ["f"]]


def test_rows_that_are_refused_fail_alone():
    table = Table(fails=lambda names: IntegrityError("c is bad") if "c" in names else None)
    with waiting(table, list("abcd")) as (_, futures):
        table.go.set()

    assert outcomes(futures) == {"a": "", "b": "", "c": "c is bad", "d": ""}
    assert table.writes == [["a"], ["b"], ["d"]]


def test_a_database_that_is_away_fails_everybody_once_and_the_next_one_tries_again():
    away = [OperationalError("away")]
    table = Table(fails=lambda names: away.pop() if names != ["a"] and away else None)
    with waiting(table, list("abc")) as (together, futures):
        table.go.set()
    together.store([{"name": "d"}], [])

    assert outcomes(futures) == {"a": "", "b": "away", "c": "away"}
    assert futures["b"].exception() is not futures["c"].exception()
    assert table.writes == [["a"], ["d"]]


def deadlock() -> OperationalError:
    """What PostgreSQL says to one of two that wait for each other."""
    error = OperationalError("deadlock detected")
    error.__cause__ = DeadlockDetected()
    return error


def test_a_deadlock_of_one_is_no_failure_of_the_others():
    table = Table(fails=lambda names: deadlock() if "c" in names else None)
    with waiting(table, list("abcd")) as (_, futures):
        table.go.set()

    assert outcomes(futures) == {"a": "", "b": "", "c": "deadlock detected", "d": ""}
    assert table.writes == [["a"], ["b"], ["d"]]


def test_an_error_says_where_it_came_from():
    table = Table(fails=lambda names: deadlock())
    table.go.set()

    with pytest.raises(OperationalError) as caught:
        Gathering(table.write, transaction=nullcontext).store([{"name": "a"}], [])

    assert isinstance(caught.value.__cause__, DeadlockDetected)
    assert "write" in [entry.name for entry in caught.traceback]


def test_a_transaction_that_cannot_begin_fails_the_one_that_began_it():
    table, begins = Table(), []

    @contextmanager
    def transaction() -> Iterator[None]:
        begins.append(1)
        if len(begins) == 2:
            raise OperationalError("database is locked")
        yield

    with waiting(table, list("abc"), transaction=transaction) as (together, futures):
        table.go.set()
    together.store([{"name": "d"}], [])

    assert outcomes(futures) == {"a": "", "b": "database is locked", "c": ""}
    assert table.writes == [["a"], ["c"], ["d"]]


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit("stopped")])
def test_nobody_is_told_that_rows_are_stored_when_the_transaction_broke_off(error):
    table, begins = Table(), []

    @contextmanager
    def transaction() -> Iterator[None]:
        begins.append(1)
        if len(begins) == 2:
            raise error
        yield

    with waiting(table, list("abc"), transaction=transaction) as (together, futures):
        table.go.set()
    together.store([{"name": "d"}], [])

    assert outcomes(futures) == {"a": "", "b": str(error), "c": ""}
    assert table.writes == [["a"], ["c"], ["d"]]


def test_who_leads_and_is_stopped_halfway_leaves_nobody_waiting():
    stops = [SystemExit("stopped")]
    table = Table(fails=lambda names: stops.pop() if "b" in names and stops else None)
    with waiting(table, list("abc")) as (together, futures):
        table.go.set()
    together.store([{"name": "d"}], [])

    assert outcomes(futures) == {"a": "", "b": "stopped", "c": "The write was cut off."}
    assert table.writes == [["a"], ["d"]]


def test_who_waits_too_long_for_one_that_is_held_up_writes_alone():
    table = Table()
    with waiting(table, list("abc"), patience_s=0.05) as (together, futures):
        futures["b"].result(WAITS_S)
        futures["c"].result(WAITS_S)
        assert not futures["a"].done()
        assert not together._waiting

    assert outcomes(futures) == dict.fromkeys("abc", "")
    assert sorted(table.writes) == [["a"], ["b"], ["c"]]
    together.store([{"name": "d"}], [])
    assert table.writes[-1] == ["d"]


def test_a_forked_process_begins_without_those_who_waited():
    table = Table()
    with waiting(table, list("ab")) as (together, futures):
        old = together._guard, together._waiting
        together.start_anew()
        assert not together._waiting
        together.store([{"name": "c"}], [])
        together._guard, together._waiting = old

    assert outcomes(futures) == dict.fromkeys("ab", "")
    assert ["c"] in table.writes


@pytest.mark.django_db(transaction=True)
def test_events_of_many_threads_are_each_stored_once_with_their_deliveries():
    api = make_sender()
    make_rule(workspace=api.workspace)
    make_rule(workspace=api.workspace)

    answers = at_once(8, lambda: [api.emit(EVENT) for _ in range(5)])

    said = {answer.json()["event"]["id"] for part in answers for answer in part}
    assert stored()[:2] == (40, 80)
    assert {str(uuid) for uuid in Event.objects.values_list("uuid", flat=True)} == said
    assert Delivery.objects.values("event_id", "rule_id").distinct().count() == 80


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_rows_the_database_refuses_takes_nobody_with_it(monkeypatch):
    api = make_sender()
    make_rule(workspace=api.workspace)
    insert = intake.insert

    def spoilt(events: Any, deliveries: Any) -> None:
        broken = [dict(row, event=None) if row["email"] == "bad@x.io" else row for row in events]
        insert(broken, deliveries)

    monkeypatch.setattr(intake, "insert", spoilt)
    emails = iter(["bad@x.io", *(f"good-{number}@x.io" for number in range(7))])
    guard = threading.Lock()

    def post() -> int:
        with guard:
            email = next(emails)
        return api.emit({"event": EVENT["event"], "payload": {"email": email}}).status_code

    api.client.raise_request_exception = False
    statuses = at_once(8, post)

    assert sorted(statuses) == [201] * 7 + [500]
    assert stored()[:2] == (7, 7)
    assert not connection.in_atomic_block
