"""A newcomer gets from an empty folder to a restored installation by the guide alone."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from rules.rules_file import Entry
from rules.workspace_file import ConnectionEntry, NameEntry, RuleEntry, WorkspaceFile, written
from tests.conftest import SANDBOX_KEY
from tests.deploy.guide import PASSWORD, Installation, blocks
from tests.workers import wait_for

TAG = "step-3-complete"
LONG_S = 400.0
"""Only a machine that does much else at the same time needs so long."""

ENTER_KEY = """
from django.utils import timezone
from connections.drafts import ConnectionDraft
from connections.models import Connection
from connections.saving import save_connection
row = Connection.objects.get()
values = {{"api_url": row.metadata["api_url"], "api_key": "{key}"}}
draft = ConnectionDraft(row.workspace, row.kind, row.name, values)
print(save_connection(draft, connection=row, by="ada", now=timezone.now()).check.message)
"""
COUNT = """
from deliveries.models import UNFINISHED, Delivery
rows = Delivery.objects.filter(event_name="page.completed")
print("unfinished", rows.filter(UNFINISHED).count(), "of", rows.count())
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refuse_old_programs() -> None:
    """Skip, aloud, where PostgreSQL's programs are missing or older than its server."""
    program = shutil.which("pg_dump")
    if program is None:
        pytest.skip("pg_dump is not installed; apt install postgresql-client")
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    ours, theirs = int(said.split()[2].split(".")[0]), connection.pg_version // 10_000
    if ours < theirs:
        pytest.skip(f"pg_dump is of version {ours}, the server of {theirs}")


@pytest.fixture
def machine(tmp_path, database_url) -> Iterator[Installation]:
    """An installation that nothing was done with yet, and a database server it may use."""
    given = {"DESTINATIONS_ALLOW_PRIVATE": "true", "THROTTLE_ACCOUNT_PER_SECOND": "50"}
    if connection.vendor == "sqlite":
        yield Installation(tmp_path, port=free_port(), **given)
        return
    refuse_old_programs()
    given |= pg_variables()
    names = [f"{urlsplit(database_url).path[1:]}_{part}" for part in ("guide", "restored")]
    forget(database_url, names)
    installed = Installation(tmp_path, port=free_port(), **given)
    installed.text["restore-postgresql"] = installed.text["restore-postgresql"].replace(
        "meshes_restored", names[1]
    )
    subprocess.run(["createdb", names[0]], env=installed.environment, check=True)  # noqa: S607
    installed.environment["GUIDE_DATABASES"] = " ".join(
        urlunsplit(urlsplit(database_url)._replace(path=f"/{name}")) for name in names
    )
    yield installed
    forget(database_url, names)


def pg_variables() -> dict[str, str]:
    values = connection.settings_dict
    given = {"PGUSER": values["USER"], "PGPASSWORD": values["PASSWORD"], "PGPORT": values["PORT"]}
    given["PGHOST"] = values["HOST"] or values["OPTIONS"].get("host", "")
    return {name: str(value) for name, value in given.items() if value}


def forget(url: str, names: list[str]) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        for name in names:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def configuration(sandbox: Any) -> str:
    """What somebody brings along: a connection and a rule."""
    rule = Entry(
        name="Step 3",
        event="page.completed",
        page_id="page-3",
        connection="Acme AC",
        action="add_tag",
        target=TAG,
    )
    file = WorkspaceFile(
        name="Staging",
        event_types=(NameEntry(key="page.completed", label="Page completed"),),
        connections=(
            ConnectionEntry(name="Acme AC", kind="activecampaign", values={"api_url": sandbox.url}),
        ),
        rules=(RuleEntry(said=rule),),
    )
    return written(file, now=timezone.now())


def post(machine: Installation, key: str, *people: str) -> None:
    """The product says that these people completed the page."""
    for person in people:
        payload = {"email": person, "page_id": "page-3"}
        body = json.dumps({"event": "page.completed", "payload": payload}).encode()
        headers = {"X-Meshes-Publishable-Key": key, "Content-Type": "application/json"}
        line = http.client.HTTPConnection("127.0.0.1", machine.port, timeout=60)
        with closing(line):
            line.request("POST", "/api/v1/events", body, headers)
            assert line.getresponse().status == 201


def people(prefix: str, number: int) -> list[str]:
    return [f"{prefix}-{place}@example.com" for place in range(number)]


def holding(sandbox: Any, emails: list[str]) -> int:
    """How many of these people hold the tag."""
    return sum(sandbox.state.tags_of(email) == [TAG] for email in emails)


@pytest.mark.django_db(transaction=True)
def test_the_guide_leads_from_nothing_to_a_restored_installation(machine, sandbox):
    first, later = people("first", 5), people("later", 12)
    install(machine)
    key = connect(machine, sandbox)

    with machine.started("web"):
        with machine.started("worker"):
            wait_for(lambda: machine.run("watch", check=False).returncode == 0, LONG_S)
            post(machine, key, *first)
            wait_for(lambda: holding(sandbox, first) == 5, LONG_S)
            sandbox.faults.set("latency", seconds=1.0, count=12)
            post(machine, key, *later)
            said = machine.run("backup").stdout
            assert "Backed up into var/backups/meshes.backup" in said
        check_new_keys(machine)
    restore(machine)

    counted = re.search(r"unfinished (\d+) of 17", machine.manage("shell", code=COUNT))
    assert counted is not None
    assert 1 <= int(counted[1]) <= 12
    with machine.started("web"), machine.started("worker"):
        wait_for(lambda: holding(sandbox, later) == 12, LONG_S)
        ended = "unfinished 0 of 17"
        wait_for(lambda: ended in machine.manage("shell", code=COUNT), LONG_S, every_s=4)
        machine.run("upgrade")
    machine.run("after-upgrade")


def install(machine: Installation) -> None:
    """From nothing to a person who can sign in."""
    machine.run("install")
    assert (machine.folder / ".env").stat().st_mode & 0o777 == 0o600
    if connection.vendor != "sqlite":
        machine.setting(f"DATABASE_URL={machine.environment['GUIDE_DATABASES'].split()[0]}")
    typed = f"ops\nops@example.com\n{PASSWORD}\n{PASSWORD}\n"
    said = machine.run_by_hand("prepare", typed)
    assert "Superuser created successfully." in said
    assert said.splitlines()[-1] == "ended 0"


def connect(machine: Installation, sandbox: Any) -> str:
    """The publishable key of a workspace whose connection works."""
    (machine.folder / "workspace.json").write_text(configuration(sandbox))
    told = machine.run("connect").stdout
    assert "needs its key" in told
    machine.manage("shell", code=ENTER_KEY.format(key=SANDBOX_KEY))
    again = machine.run("connect").stdout
    assert "Rules: 1 created." in again
    assert "needs its key" not in again
    return told.partition("Its publishable key: ")[2].split()[0]


def restore(machine: Installation) -> None:
    """The backup in a new place, first without and then with the keys of its time."""
    backup = machine.folder / "var/backups/meshes.backup"
    assert backup.stat().st_mode & 0o777 == 0o600
    machine.run("restore-sqlite" if connection.vendor == "sqlite" else "restore-postgresql")
    on_the_restored(machine)
    refused = machine.run("restore", check=False)
    assert refused.returncode == 1
    assert "1 stored secrets cannot be opened by any key of CREDENTIAL_KEYS" in refused.stderr
    shutil.copy(machine.folder / "env.backup", machine.folder / ".env")
    on_the_restored(machine)
    machine.manage("rotatekeys", "--check")
    machine.manage("verify")


def check_new_keys(machine: Installation) -> None:
    """Change CREDENTIAL_KEYS as the guide says, and remember what `.env` was before."""
    shutil.copy(machine.folder / ".env", machine.folder / "env.backup")
    machine.run("new-credential-key")
    assert "sealed with the newest key just now: 1." in machine.run("rotate").stdout
    machine.run("old-credential-key")


def on_the_restored(machine: Installation) -> None:
    """Let DATABASE_URL name the new database, where the guide has one."""
    if connection.vendor == "sqlite":
        return
    old, new = machine.environment["GUIDE_DATABASES"].split()
    env = (machine.folder / ".env").read_text()
    (machine.folder / ".env").write_text(env.replace(f"={old}\n", f"={new}\n"))


def test_every_block_of_the_guide_that_is_marked_is_followed():
    """The journey above runs them all; a new block needs its place there."""
    assert set(blocks()) == {
        "install",
        "prepare",
        "web",
        "worker",
        "connect",
        "watch",
        "backup",
        "restore-sqlite",
        "restore-postgresql",
        "restore",
        "upgrade",
        "after-upgrade",
        "new-credential-key",
        "rotate",
        "old-credential-key",
    }
