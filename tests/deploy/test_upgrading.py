"""A database of the first tables, left in the middle of work, goes on after `migrate`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import SANDBOX_KEY
from tests.deploy.conftest import create
from tests.workers import ROOT, Worker, wait_for

UNFINISHED = ("waiting", "retrying", "in-hand")


def run(url: str, *arguments: str) -> str:
    """What a program of the project printed."""
    given = {"DJANGO_SETTINGS_MODULE": "meshes.settings", "DATABASE_URL": url}
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.django_db(transaction=True)
def test_what_the_first_tables_held_is_kept_and_goes_on(
    sandbox, database_url, another_database, tmp_path
):
    url = another_database("first")
    create(database_url, url)
    tag = sandbox.state.add_tag("step-3-complete")
    run(url, "-m", "tests.deploy.first_release", sandbox.url, SANDBOX_KEY, str(tag))

    run(url, "manage.py", "migrate")

    assert "4" in run(url, "manage.py", "verify")
    worker = Worker(tmp_path / "log", DATABASE_URL=url)
    try:
        wait_for(lambda: all(holds(sandbox, person) for person in UNFINISHED), 400)
        worker.process.terminate()
        assert worker.wait(100) == 0, worker.said()
    finally:
        worker.end()
    assert not holds(sandbox, "done")  # what was finished is not sent again
    run(url, "manage.py", "verify")


def holds(sandbox, person: str) -> bool:
    return sandbox.state.tags_of(f"{person}@example.com") == ["step-3-complete"]
