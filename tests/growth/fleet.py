"""Three web machines and three worker machines on one database and one Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
from django.db import connection

from tests.growth.machines import Machine

# The clocks of the machines differ by a second; the database's is between them.
WEBS = {"web-1": -0.5, "web-2": 0.5, "web-3": 0.0}
WORKERS = {"worker-1": 0.5, "worker-2": -0.5, "worker-3": 0.0}
READY_WITHIN_S = 120.0
BUSIEST_SQL = """
SELECT application_name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'worker-%%'
GROUP BY application_name ORDER BY COUNT(*) DESC, application_name
"""


class Fleet:
    """The machines that are left, by name."""

    def __init__(self, folder: Path, shared: Mapping[str, str]) -> None:
        made = {
            name: Machine(name, folder=folder, shared=shared, ahead_s=ahead_s)
            for name, ahead_s in {**WEBS, **WORKERS}.items()
        }
        self.webs = [made[name] for name in WEBS]
        self.workers = {name: made[name] for name in WORKERS}
        self._all = list(made.values())

    def start(self) -> None:
        """Start all programs, and wait until each web server takes requests and workers pump."""
        for web in self.webs:
            web.serve()
        for worker in self.workers.values():
            worker.work()
        from deliveries import beats

        for web in self.webs:
            wait_for(lambda url=web.url: _answers(url), web.said)
        wait_for(
            lambda: beats.alive("pump") == len(self.workers),
            lambda: "\n".join(worker.said() for worker in self.workers.values()),
        )

    def busiest(self) -> Machine:
        """The worker with the most connections to the database: the one that sends most."""
        with connection.cursor() as cursor:
            cursor.execute(BUSIEST_SQL)
            names = [name for (name,) in cursor.fetchall()]
        return next(self.workers[name] for name in names if name in self.workers)

    def end(self) -> None:
        """End whatever still runs."""
        for machine in self._all:
            machine.end()


@contextmanager
def running(folder: Path, shared: Mapping[str, str]) -> Iterator[Fleet]:
    """A fleet that has started; ended in any case."""
    fleet = Fleet(folder, shared)
    try:
        fleet.start()
        yield fleet
    finally:
        fleet.end()


def wait_for(
    condition: Callable[[], object],
    trouble: Callable[[], str],
    *,
    within_s: float = READY_WITHIN_S,
) -> None:
    """Return when the condition holds; an error that tells the trouble when it never does."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, trouble()
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False
