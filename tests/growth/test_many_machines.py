"""Several machines for the web and for work: nothing is lost, doubled, swapped or late.

They share a PostgreSQL database and a Redis, no disk, no process, and no clock.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import requests
from django.test import Client
from django.urls import reverse

from deliveries.models import UNFINISHED, Delivery, Event
from meshes.keys import create_key
from meshes.models import PublishableKey
from meshes.workspaces import create_workspace
from tests.bench.sandboxes import Sandboxes
from tests.contract.machine import Machine as Signer
from tests.contract.machine import make_machine
from tests.faults.servers import faketime_library
from tests.growth.fleet import WEBS, WORKERS, Fleet, running, wait_for
from tests.growth.machines import Machine
from tests.growth.scene import Scene, make_scene, post, rule_for

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.django_db(transaction=True),
]

ACCOUNTS = 3
LATENCY_S = 0.3
LIMIT = 20.0
DONE_WITHIN_S = 180.0


@pytest.fixture
def shared(database_url: str, redis_url: str) -> dict[str, str]:
    """What all machines have in common."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    secrets = {name: os.environ[name] for name in ("SECRET_KEY", "CREDENTIAL_KEYS")}
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **secrets}


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Accounts that answer slowly, and refuse twice of what we may ask."""
    with Sandboxes(ACCOUNTS, latency_s=LATENCY_S, rate_per_second=LIMIT) as boxes:
        yield make_scene(boxes)


def test_machines_come_and_go_and_nothing_is_lost_doubled_or_swapped(
    scene: Scene, shared: dict[str, str], tmp_path: Any, admin_user: Any
) -> None:
    with running(tmp_path, shared) as fleet:
        a_change_through_one_acts_on_the_next_request_to_all(fleet, scene, admin_user)
        twins_on_all_webs_are_one_event(fleet, scene)
        all_webs_share_one_throttle(fleet, scene)
        scene.tell(fleet.webs, steps=2)
        asked = the_web_asks_accounts_meanwhile(fleet, scene)
        lose_the_busiest(fleet)
        scene.tell(fleet.webs, steps=2)
        stop_the_busiest(fleet)
        last = next(iter(fleet.workers.values()))
        wait_for(everything_is_done, last.said, within_s=DONE_WITHIN_S)
        asked.join()

        status, said = last.ask("manage.py", "verify")
        assert status == 0, said
    everything_arrived_once_and_in_order(scene)


@pytest.mark.skipif(not faketime_library(), reason="libfaketime is not installed")
def test_the_clocks_of_these_machines_differ_by_a_second(
    shared: dict[str, str], tmp_path: Any
) -> None:
    ahead = {**WEBS, **WORKERS}
    name_of_fastest, name_of_slowest = max(ahead, key=ahead.get), min(ahead, key=ahead.get)
    fast, slow = (
        Machine(name, folder=tmp_path, shared=shared, ahead_s=ahead[name])
        for name in (name_of_fastest, name_of_slowest)
    )

    off = [_ahead_of_us(machine) for machine in (fast, slow)]

    # What starting the program takes makes both look ahead.
    assert 0.5 <= off[0] < 30
    assert off[1] >= -0.5
    assert ahead[name_of_fastest] - ahead[name_of_slowest] == 1.0


def _ahead_of_us(machine: Machine) -> float:
    before = time.time()
    status, said = machine.ask("-c", "import time; print(time.time())")
    assert status == 0, said
    return float(said) - before


def a_change_through_one_acts_on_the_next_request_to_all(
    fleet: Fleet, scene: Scene, admin_user: Any
) -> None:
    first, second, third = fleet.webs
    signer = make_machine(scene.workspace.organization)
    made = _call(signer, "POST", first, "/rules", rule_for(scene.sites[0], "late"))
    assert [_matching_rules(scene, web, "late") for web in fleet.webs] == [1, 1, 1]

    _call(signer, "DELETE", third, f"/rules/{made['rule']['id']}")
    assert [_matching_rules(scene, web, "late") for web in fleet.webs] == [0, 0, 0]

    key = create_key(scene.workspace, name="Leaked", by="tests")
    body = {"event": "seen", "payload": {"email": "seen@example.org"}}
    assert {post(web, key.key, body).status_code for web in fleet.webs} == {201}
    _revoke(second, key, admin_user)
    assert {post(web, key.key, body).status_code for web in fleet.webs} == {401}


def _matching_rules(scene: Scene, web: Machine, event: str) -> int:
    answer = post(web, scene.key, {"event": event, "payload": {"email": "late@example.org"}})
    assert answer.status_code == 201, answer.text
    return Event.objects.get(uuid=answer.json()["event"]["id"]).total_rules


def _call(signer: Signer, method: str, web: Machine, path: str, body: Any = None) -> Any:
    answer = requests.request(
        method,
        f"{web.url}/api/v1{path}",
        json=body,
        headers={"Authorization": f"Bearer {signer.token()}", "Content-Type": "application/json"},
        timeout=60,
    )
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def _revoke(web: Machine, key: PublishableKey, admin_user: Any) -> None:
    """Press the button on this machine's page."""
    staff = Client()
    staff.force_login(admin_user)
    page = web.url + reverse("admin:meshes_publishablekey_button", args=[key.pk, "revoke"])
    with requests.Session() as browser:
        browser.cookies.set("sessionid", staff.cookies["sessionid"].value)
        browser.get(page, timeout=60).raise_for_status()
        token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post(page, data=token, timeout=60, allow_redirects=False)
    assert answer.status_code == 302, answer.text


def twins_on_all_webs_are_one_event(fleet: Fleet, scene: Scene) -> None:
    for number in range(8):
        answers = scene.twins(fleet.webs, f"twin-{number}@example.org")

        assert [answer.status_code for answer in answers] == [201] * len(answers)
        assert len({answer.text for answer in answers}) == 1
        repeats = [answer for answer in answers if "Idempotency-Replayed" in answer.headers]
        assert len(repeats) == len(answers) - 1


def all_webs_share_one_throttle(fleet: Fleet, scene: Scene) -> None:
    """A key's burst is 250 events, and 2 a second come back."""
    organization = scene.workspace.organization
    _, key = create_workspace("Noisy", organization=organization, by="tests")
    many = [{"event": "noise", "payload": {"email": "noise@example.org"}}] * 100

    statuses = [post(web, key.key, many).status_code for web in fleet.webs]

    assert statuses == [201, 201, 429]


def the_web_asks_accounts_meanwhile(fleet: Fleet, scene: Scene) -> threading.Thread:
    """Read the accounts through all web machines while workers send to them."""
    signer = make_machine(scene.workspace.organization)

    def ask() -> None:
        for web, site in zip(fleet.webs, scene.sites, strict=True):
            path = f"/connections/{site.rule.connection_id}/fields?refresh=true"
            _call(signer, "GET", web, path)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def lose_the_busiest(fleet: Fleet) -> None:
    wait_for(lambda: Delivery.objects.filter(status="processing").count() > 2, lambda: "No work.")
    machine = fleet.busiest()
    machine.lose()
    del fleet.workers[machine.name]


def stop_the_busiest(fleet: Fleet) -> None:
    machine = fleet.busiest()
    assert machine.stop() == 0, machine.said()
    assert machine.said().splitlines()[-1] == "Worker stopped."
    del fleet.workers[machine.name]


def everything_is_done() -> bool:
    return not Delivery.objects.filter(UNFINISHED).exists()


def everything_arrived_once_and_in_order(scene: Scene) -> None:
    ours = Delivery.objects.filter(event__uuid__in=scene.accepted)
    assert len(set(scene.accepted)) == len(scene.accepted)
    assert ours.count() == ours.filter(status="completed").count() == len(scene.accepted)
    arrived, wanted = scene.writes(), scene.wanted()
    assert {email: arrived.get(email) for email in wanted} == wanted
    assert scene.refused() == []
