"""The suite's own tools do what tests rely on."""

from __future__ import annotations

import socket

import pytest
from django.db import connection
from django.utils import timezone
from pytest_socket import SocketConnectBlockedError


def test_the_network_ends_at_the_loopback_interface() -> None:
    with socket.socket() as outside, pytest.raises(SocketConnectBlockedError):
        outside.connect(("192.0.2.1", 80))


def test_the_clock_stands_until_it_is_moved(clock) -> None:
    before = timezone.now()
    clock.shift(90)

    assert (timezone.now() - before).total_seconds() == 90


def test_a_drained_queue_has_run_every_task(drain_queue) -> None:
    from django_q.models import OrmQ
    from django_q.tasks import async_task

    async_task("operator.add", 1, 2)
    async_task("operator.add", 3, 4)

    assert drain_queue() == 2
    assert not OrmQ.objects.exists()


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_forgets_nothing_that_it_has_confirmed() -> None:
    with connection.cursor() as cursor:
        journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]

    full = 2
    assert (journal, synchronous) == ("wal", full)
    assert connection.transaction_mode == "IMMEDIATE"
