"""Liveness asks nothing; readiness refuses only what stops intake."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from deliveries.models import BooksCheck, WorkerBeat
from meshes import health


@pytest.fixture(autouse=True)
def forgotten_success() -> None:
    """What one test found must not be remembered by the next."""
    health.require_migrations.cache_clear()


def test_healthz_answers_without_the_database(client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_readyz_says_that_no_worker_ever_came(client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "worker_heartbeat_age_s": None,
        "oldest_due_age_s": None,
        "books_balanced": None,
        "books_checked_age_s": None,
        "canary_green_at": None,
        "canary_age_s": None,
    }


@pytest.mark.django_db
def test_books_that_do_not_balance_are_told_and_are_no_reason_to_refuse(client) -> None:
    then = timezone.now() - timedelta(minutes=5)
    for at, balanced in ((then - timedelta(hours=1), True), (then, False)):
        BooksCheck.objects.create(checked_at=at, balanced=balanced, figures={}, faults=[])

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["books_balanced"]) == (200, False)
    assert 300 <= answer.json()["books_checked_age_s"] < 330


@pytest.mark.django_db
def test_a_silent_worker_is_told_and_is_no_reason_to_refuse(client) -> None:
    then = timezone.now() - timedelta(minutes=10)
    WorkerBeat.objects.create(kind="pump", started_at=then, beat_at=then)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert 600 <= answer.json()["worker_heartbeat_age_s"] < 630


@pytest.mark.django_db
def test_missing_migrations_refuse_events(client) -> None:
    newest = MigrationLoader(connection).graph.leaf_nodes("deliveries")[0]
    MigrationRecorder(connection).record_unapplied(*newest)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["reason"]


@pytest.mark.django_db
def test_a_silent_database_refuses_events(client) -> None:
    def refuse(*_args, **_kwargs):
        raise DatabaseError("secret address")

    with connection.execute_wrapper(refuse):
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "reason": "The database does not answer. Check DATABASE_URL and the server.",
    }


def test_probes_only_read(client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405
