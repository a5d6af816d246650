"""What every test may ask for: a queue to drain, clients, a clock, a sandbox, no network."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.apps import apps
from django.conf import settings as project
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client

NOON = "2026-03-02T12:00:00Z"
SANDBOX_KEY = "sandbox-key-for-tests"


FLEETING = re.compile(r"datetime\.datetime\((\d+, ){6}\d+| at 0x[0-9a-f]+")
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run's database and machine cannot do, or need not do again."""
    _refuse_fleeting_names(items)
    if os.environ.get("MESHES_TEST_ONLY_DATABASE"):
        _deselect(config, items, [item for item in items if not _uses_database(item)])
    on_postgres = project.DATABASES["default"]["ENGINE"].endswith("postgresql")
    left_out = {
        "postgres": "" if on_postgres else "needs PostgreSQL; this run is on SQLite",
        "sqlite": "is about SQLite; this run is on PostgreSQL" if on_postgres else "",
        "redis": "" if os.environ.get("MESHES_TEST_REDIS_URL") else "no Redis server answers",
    }
    for item in items:
        for marker, reason in left_out.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def _refuse_fleeting_names(items: list[pytest.Item]) -> None:
    fleeting = [item.nodeid for item in items if FLEETING.search(item.nodeid)]
    if fleeting:
        raise pytest.UsageError(
            "These tests have another name in every process, so they cannot be shared out; "
            f"give their parameters ids=[...]: {fleeting}"
        )


def _uses_database(item: Any) -> bool:
    names = getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("django_db") or DATABASE_FIXTURES.intersection(names))


def _deselect(config: pytest.Config, items: list[pytest.Item], pure: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=pure)
    gone = set(pure)
    items[:] = [item for item in items if item not in gone]


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """Nothing that a process remembers of an account; tests give ids out again."""
    from connections import pace, usage
    from deliveries import latency, loading, retention
    from rules import index

    memory = (
        pace._paused_here,
        usage._seen,
        latency._seconds,
        latency._answered_at,
        latency._failing,
    )
    for remembered in memory:
        remembered.clear()
    retention.start_over()
    # The canary's rows have the same ids in every test.
    index.forget()
    loading._connection.cache_clear()
    loading._version.cache_clear()


@pytest.fixture
def database_url(db: None) -> str:
    """The address of this test's own database, for a program that a test starts."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    user, password = (quote(values[name] or "", safe="") for name in ("USER", "PASSWORD"))
    who = f"{user}:{password}" if password else user
    if socket := values["OPTIONS"].get("host"):
        return f"postgres://{who}@/{values['NAME']}?host={socket}"
    place = f"{values['HOST'] or 'localhost'}:{values['PORT'] or 5432}"
    return f"postgres://{who}@{place}/{values['NAME']}"


@pytest.fixture
def redis_url() -> str:
    """The address of a Redis database that tests may empty; mark the test `redis`.

    Why: every process of the run has a database of its own, 15 and downwards.
    """
    address, _, last = os.environ["MESHES_TEST_REDIS_URL"].rpartition("/")
    process = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{address}/{int(last) - int(process) % 8}"


@pytest.fixture
def drain_queue(db: None) -> Callable[..., int]:
    """A function that runs the queued tasks here, in order; it says how many ran."""

    def drain(*, limit: int = 100) -> int:
        from django_q.models import OrmQ

        ran = 0
        while ran < limit and (row := OrmQ.objects.order_by("id").first()):
            task = row.task
            row.delete()
            _callable(task["func"])(*task["args"], **task["kwargs"])
            ran += 1
        return ran

    return drain


def _callable(func: str | Callable[..., Any]) -> Callable[..., Any]:
    from django.utils.module_loading import import_string

    return import_string(func) if isinstance(func, str) else func


@pytest.fixture
def staff(client: Client, admin_user: Any) -> Client:
    """A browser in which a superuser is signed in."""
    # Which of these are cached depends on earlier tests, and with it the count of queries.
    ContentType.objects.get_for_models(*apps.get_models())
    client.force_login(admin_user)
    return client


class Api:
    """Posts JSON with a workspace's publishable key, as the events client does."""

    def __init__(self, workspace: Any, key: str) -> None:
        self.workspace, self.key, self.client = workspace, key, Client()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """The answer to a POST; header names with underscores for hyphens."""
        sent = {"X-Meshes-Publishable-Key": self.key}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, body, content_type="application/json", headers=sent)

    def emit(self, body: Any, **headers: str) -> Any:
        """The answer to posting one event."""
        return self.post("/api/v1/events", body, **headers)


@pytest.fixture
def api(db: None) -> Api:
    """A client of the events endpoint with a workspace and key of its own."""
    from meshes.models import Organization
    from meshes.workspaces import create_workspace

    organization = Organization.objects.live().first() or Organization.objects.create(name="Tests")
    workspace, key = create_workspace("Tests", organization=organization, by="tests")
    return Api(workspace, key.key)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands at noon until the test moves it: `shift(60)`, `move_to(…)`."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Any]:
    """A fresh ActiveCampaign sandbox on a free loopback port, without a rate limit.

    Shape: `.url`, `.key`, `.state`, `.faults`; connections may point at it. Accounts that
    are made from now on are called at a pace that hinders no test.
    """
    from connections.destinations.activecampaign.sandbox import SandboxServer

    settings.DESTINATIONS_ALLOW_PRIVATE = True
    settings.THROTTLE_ACCOUNT_PER_SECOND = 1000.0
    server = SandboxServer(key=SANDBOX_KEY, rate_per_second=None)
    server.start()
    try:
        yield server
    finally:
        server.stop()
