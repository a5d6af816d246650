"""What somebody changes acts on the next request of every web process."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.utils import timezone

from deliveries.models import Delivery, Event
from meshes.keys import revoke_key
from tests.bench.serving import Server, gunicorn, serving
from tests.builders import append_version, make_rule
from tests.deliveries.senders import EVENT, EVENTS, key_of, make_sender

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def servers(database_url: str, tmp_path) -> Iterator[list[Server]]:
    """Two web servers with a process each, on the database of this test."""
    given = {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "meshes.settings"}
    with ExitStack() as stack:
        start = gunicorn(workers=1, threads=1)
        yield [
            stack.enter_context(serving(start, log=tmp_path / f"{name}.log", **given))
            for name in ("one", "two")
        ]


def post(server: Server, key: str) -> int:
    """The status that this server answers to an event."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Content-Type": "application/json", "X-Meshes-Publishable-Key": key}
    line.request("POST", EVENTS, json.dumps(EVENT), headers)
    status = line.getresponse().status
    line.close()
    return status


def test_an_edited_rule_and_a_revoked_key_act_at_once_in_both(servers):
    api = make_sender()
    rule = make_rule(workspace=api.workspace)
    assert [post(server, api.key) for server in servers] == [201, 201]
    assert Delivery.objects.count() == 2

    rule.event = "something.else"
    rule.save()
    append_version(rule)
    assert [post(server, api.key) for server in servers] == [201, 201]

    assert (Event.objects.count(), Delivery.objects.count()) == (4, 2)

    revoke_key(key_of(api), by="tests", now=timezone.now())
    assert [post(server, api.key) for server in servers] == [401, 401]

    assert Event.objects.count() == 4
