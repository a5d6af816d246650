"""A workspace whose every connection and request carries planted values, and its programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connection as database

from connections.models import Connection
from meshes.encryption import fingerprint, seal
from meshes.keys import create_machine_key
from meshes.models import AlertContact
from rules.models import MappingVersion
from tests.builders import make_account, make_connection, make_rule
from tests.connections.wire_server import certified
from tests.contract.machine import Machine
from tests.deliveries.scenes import connect
from tests.deliveries.senders import BULK, EVENTS, make_sender
from tests.deliveries.troubles import refused
from tests.faults.programs import ROOT, free_port
from tests.journeys.hostile import WAYS, MailServer, repeating
from tests.journeys.planted import (
    API_KEY,
    BODY,
    COOKIE,
    EMAIL,
    MARK,
    OPS,
    PASSWORD,
    REFUSED,
    TOKEN,
    WRONG_KEY,
)
from tests.walks.stage import wait_for

BROKEN_PAGE = "page-that-breaks"
BREAKING = {
    "postgresql": (
        "ALTER TABLE deliveries_event ADD CONSTRAINT planted "
        f"CHECK (page_id <> '{BROKEN_PAGE}') NOT VALID",
        "ALTER TABLE deliveries_event DROP CONSTRAINT planted",
    ),
    "sqlite": (
        "CREATE TRIGGER planted BEFORE INSERT ON deliveries_event "
        f"WHEN NEW.page_id = '{BROKEN_PAGE}' BEGIN SELECT RAISE(ABORT, 'planted'); END",
        "DROP TRIGGER planted",
    ),
}


@contextmanager
def breaking() -> Iterator[None]:
    """A database that refuses events of one page, in the middle of storing them."""
    begin, end = BREAKING[database.vendor]
    with database.cursor() as cursor:
        cursor.execute(begin)
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute(end)


@contextmanager
def serving(log: Path, **environment: str) -> Iterator[str]:
    """The address of a web server of its own."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "meshes.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--threads", "4", "--access-logfile", "-", "--log-level", "debug"]
    given = {"DJANGO_SETTINGS_MODULE": "meshes.settings", "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **given, **environment}, stdout=out, stderr=out
        )
    try:
        wait_for(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), log.read_text(), 120)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


class Run:
    """The workspace; `logs` are what its programs said, `session` the cookie of a person."""

    mail: MailServer
    logs: list[Path]
    session = ""

    def __init__(self, sandbox: Any, folder: Path, stack: ExitStack) -> None:
        self.sender = make_sender()
        self.workspace = self.sender.workspace
        key, self.secret = create_machine_key(
            self.workspace.organization, name="Planted", by="tests"
        )
        self.machine = Machine(key, self.secret)
        self.rules = {"good": self._rule(connect(sandbox, workspace=self.workspace), "good")}
        sync = {"action": "sync_contact", "target_id": "", "target_label": ""}
        make_rule(connection=self.rules["good"].connection, page_id="good", **sync)
        for way, (status, shape, header) in WAYS.items():
            server = repeating(status, shape, header)
            stack.callback(server.stop)
            self.rules[way] = self._rule(self._connection(f"http://127.0.0.1:{server.port}"), way)
        for way, scheme in {"no certificate": "https", "a bug": "http"}.items():
            context = certified(folder, "planted.example")[0] if scheme == "https" else None
            server = repeating(*WAYS["a page"], context=context)
            stack.callback(server.stop)
            self.rules[way] = self._rule(
                self._connection(f"{scheme}://127.0.0.1:{server.port}"), way
            )
        AlertContact.objects.create(workspace=self.workspace, email=OPS.value)
        refused(self._connection("http://127.0.0.1:9"))

    def _connection(self, url: str) -> Connection:
        return make_connection(
            workspace=self.workspace,
            account=make_account(key=url.partition("//")[2], requests_per_second=1000.0),
            metadata={"api_url": url},
            secrets=seal(json.dumps({"api_key": API_KEY.value})),
            secret_fingerprint=fingerprint(API_KEY.value),
        )

    def _rule(self, connection: Connection, page: str) -> Any:
        return make_rule(connection=connection, page_id=page, target_id="12")

    def bodies(self) -> Iterator[dict[str, Any]]:
        """An event for each rule."""
        for rule in self.rules.values():
            yield {**BODY, "payload": {**BODY["payload"], "page_id": rule.page_id}}

    def post(self, url: str, body: Any, path: str = EVENTS, **headers: str) -> int:
        """The status of posting something."""
        sent = {"X-Meshes-Publishable-Key": self.sender.key, "Content-Type": "application/json"}
        sent |= {"Cookie": f"em_acp_globalauth_cookie={COOKIE.value}", **headers}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(url + path, raw, headers=sent, timeout=60).status_code

    def break_mapping(self) -> None:
        """A bug of our own, in the worker and with the payload in hand."""
        broken = MappingVersion.objects.filter(connection=self.rules["a bug"].connection)
        broken.update(schema=[MARK])

    def ask_badly(self, url: str) -> None:
        """Everything that is refused, with planted values in each part of it."""
        whole, payload = json.dumps(BODY), BODY["payload"]
        secret = {"value": REFUSED.value, "email": EMAIL.value}
        for status, body in {
            400: {**BODY, "payload": {**payload, "email": f"{REFUSED.value} @@"}},
            401: BODY,
        }.items():
            key = {"X-Meshes-Publishable-Key": TOKEN.value} if status == 401 else {}
            assert self.post(url, body, **key) == status
        for raw in (whole[:-1], whole.replace("{", "{" + f'"{REFUSED.value}', 1), f"[{whole}"):
            assert self.post(url, raw.encode()) == 400
        assert self.post(url, [{"event": 1, "payload": secret}], BULK) == 400
        for token in (TOKEN.value, f"{TOKEN.value}.{TOKEN.value}.x", self.machine.token() + "x"):
            headers = {"Authorization": f"Bearer {token}"}
            assert requests.get(f"{url}/api/v1/events", headers=headers, timeout=60).ok is False
        with breaking():
            page = {**BODY, "payload": {**payload, "page_id": BROKEN_PAGE}}
            assert self.post(url, page) == 500
            assert self.post(url, [page, BODY], BULK) == 500

    def connect_badly(self, url: str) -> None:
        """Connections that are refused, by the API."""
        headers = {"Authorization": f"Bearer {self.machine.token()}"}
        for address in ("https://127.0.0.1:9", f"https://{EMAIL.value}:{WRONG_KEY.value}@x.io"):
            metadata = {"api_url": address, "api_key": WRONG_KEY.value}
            body = {"workspace": str(self.workspace.pk), "type": "activecampaign", "name": "Wrong"}
            answer = requests.post(
                f"{url}/api/v1/connections",
                json={**body, "metadata": metadata},
                headers=headers,
                timeout=60,
            )
            assert answer.status_code == 422
            assert WRONG_KEY.value not in answer.text

    def browse(self, url: str) -> None:
        """Somebody of the staff who mistypes a password, then looks for a person."""
        # The web server knows the real hashers only.
        password = PBKDF2PasswordHasher().encode(PASSWORD.value, "salt")
        User.objects.create(username="ada", password=password, is_staff=True, is_superuser=True)
        with requests.Session() as browser:
            login = f"{url}/admin/login/?next=/admin/"
            for password in (REFUSED.value, PASSWORD.value):
                browser.get(login, timeout=60)
                form = {"username": "ada", "password": password}
                form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
                browser.post(login, form, headers={"Referer": login}, timeout=60)
            assert "sessionid" in browser.cookies
            self.session = browser.cookies["sessionid"]
            for page in ("deliveries/delivery", "deliveries/event", "connections/connection"):
                browser.get(f"{url}/admin/{page}/", params={"q": EMAIL.value}, timeout=60)
            form = {"workspace": str(self.workspace.pk), "name": "Wrong"}
            form |= {"api_url": "http://127.0.0.1:9", "api_key": WRONG_KEY.value}
            form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
            add = f"{url}/admin/connections/connection/add/"
            answer = browser.post(add, form, headers={"Referer": add}, timeout=60)
            assert WRONG_KEY.value not in answer.text
