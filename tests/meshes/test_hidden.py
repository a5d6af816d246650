"""No page, list, count or choice of the admin and no answer of the API shows the canary."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.models import Connection
from deliveries import tallies
from deliveries.canary import go_round
from deliveries.claiming import claim
from deliveries.models import Canary, Delivery, Event, Tally
from deliveries.sending import send
from meshes.hidden import CANARY_ORGANIZATION, CANARY_WORKSPACE
from meshes.models import MachineKey, Organization, PublishableKey, Workspace
from rules.models import MappingVersion, Rule
from tests.builders import make_delivery, make_event, make_rule
from tests.contract.machine import make_machine
from tests.contract.registry import ENDPOINTS
from tests.contract.worlds import make_world
from tests.meshes.access import make_rows, pages, people

pytestmark = pytest.mark.django_db

FLEETING = re.compile(r'(nonce|name="csrfmiddlewaretoken" value|X-CSRFToken&quot;:)[^>]*')
# It shows the id that the new row would get.
NEW_EACH_TIME = ("/admin/meshes/organization/add/",)
OWN = (PublishableKey, Connection, Rule, MappingVersion)


@pytest.fixture(autouse=True)
def _every_five_minutes(settings) -> None:
    settings.CANARY_EVERY_S = 300


def fly() -> None:
    """One canary that arrived, and one under way beside it."""
    go_round()
    send(claim(Delivery.objects.get(workspace=CANARY_WORKSPACE).account_id))
    event = Event.objects.get(workspace=CANARY_WORKSPACE)
    waiting = Delivery.objects.get(event=event)
    event.pk, event.uuid = None, "2f1c8e0a-7f61-4f5c-9f0e-5d6a1f2b3c4d"
    event.save()
    waiting.pk, waiting.uuid, waiting.event = None, "3a1c8e0a-7f61-4f5c-9f0e-5d6a1f2b3c4d", event
    waiting.status, waiting.applied_id, waiting.completed_at = "pending", None, None
    waiting.save()


def marks() -> list[str]:
    """Every text by which a row of the canary would be known."""
    found = [str(CANARY_WORKSPACE), str(CANARY_ORGANIZATION), "meshes.canary", "meshes.invalid"]
    for table in (PublishableKey, Connection, Rule):
        found += [str(pk) for pk in _theirs(table)]
    for history in (Event, Delivery):
        rows = history.objects.filter(workspace=CANARY_WORKSPACE)
        found += [str(uuid) for uuid in rows.values_list("uuid", flat=True)]
    return found


def _theirs(table) -> list:
    path = "connection__workspace" if table is MappingVersion else "workspace"
    return list(table.objects.filter(**{path: CANARY_WORKSPACE}).values_list("pk", flat=True))


def seen_by(browser: Client, addresses: list[str]) -> dict[str, str]:
    """What each page says, without what differs each time."""
    return {
        address: FLEETING.sub("", browser.get(address).content.decode()) for address in addresses
    }


def listing(rows) -> list[str]:
    """The pages that show rows of others beside their own."""
    left_out = ("_delete", "_history", "_simple_history")
    shown = (page for page in pages(rows) if ":" not in page.name)
    return [page.address for page in shown if not page.name.endswith(left_out)]


@pytest.mark.parametrize("role", ["superuser", "lifecycle"])
def test_no_page_changes_when_a_canary_flies(role, clock, settings):
    rows = make_rows()
    browser = people(rows["workspace"])[role]
    addresses = [reverse("admin:index"), *listing(rows)]
    settings.CANARY_EVERY_S = 0
    before = seen_by(browser, addresses)
    settings.CANARY_EVERY_S = 300
    fly()
    settings.CANARY_EVERY_S, flown = 0, marks()

    after = seen_by(browser, addresses)

    changed = [address for address in addresses if before[address] != after[address]]
    assert [address for address in changed if address not in NEW_EACH_TIME] == []
    assert [(a, mark) for a in addresses for mark in flown if mark in after[a]] == []
    assert len(addresses) > 40


def test_searching_finds_no_canary(staff: Client):
    fly()
    event, delivery = Event.objects.first(), Delivery.objects.first()

    for term in ("canary@meshes.invalid", str(event.uuid), str(delivery.uuid)):
        for table in ("event", "delivery"):
            address = reverse(f"admin:deliveries_{table}_changelist")
            for more in ({}, {"trigger": "canary"}, {"workspace": str(CANARY_WORKSPACE)}):
                said = staff.get(address, {"q": term, **more}).content.decode()
                assert f"/{event.pk}/change/" not in said
                assert f"/{delivery.pk}/change/" not in said
    person = staff.get(reverse("admin:deliveries_event_people"), {"q": "canary@meshes.invalid"})
    assert "meshes.canary" not in person.content.decode()


def test_nobody_opens_a_row_of_the_canary(staff: Client):
    fly()
    theirs = [(Workspace, CANARY_WORKSPACE), (Organization, CANARY_ORGANIZATION)]
    theirs += [(table, pk) for table in OWN for pk in _theirs(table)]
    theirs += [(table, table.objects.first().pk) for table in (Event, Delivery)]

    for table, pk in theirs:
        name = f"{table._meta.app_label}_{table._meta.model_name}"
        for view in ("change", "history", "delete"):
            answer = staff.get(reverse(f"admin:{name}_{view}", args=[pk]), follow=True)
            last = answer.redirect_chain[-1][0] if answer.redirect_chain else ""
            closed = answer.status_code in (403, 404) or last == reverse("admin:index")
            assert closed, (table, view)


def test_no_answer_of_the_api_names_the_canary():
    machine = make_machine()
    ids = make_world(machine.key.organization)
    fly()
    flown = marks()

    for each in ENDPOINTS:
        if each.method == "GET":
            said = machine.call("GET", ids.fill(each.path)).content.decode()
            assert [mark for mark in flown if mark in said] == [], each
    for path in (
        f"/workspaces/{CANARY_WORKSPACE}",
        f"/workspaces/{CANARY_WORKSPACE}/events",
        f"/events/{Event.objects.filter(workspace=CANARY_WORKSPACE).first().uuid}",
        f"/connections/{_theirs(Connection)[0]}",
        f"/rules/{_theirs(Rule)[0]}",
    ):
        assert machine.call("GET", path).status_code == 404


def test_a_client_can_make_no_connection_to_the_canarys_destination():
    machine = make_machine()
    ids = make_world(machine.key.organization)

    offered = machine.call("GET", "/integrations").json()
    body = {"name": "Mine", "metadata": {}, "workspace": ids.workspace_id, "type": "canary"}
    refused = machine.call("POST", "/connections", body)

    assert [each["type"] for each in offered["records"]] == ["activecampaign"]
    assert refused.status_code in (400, 422)
    assert not Connection.objects.filter(kind="canary").exists()


def test_the_canarys_own_state_is_on_no_page():
    assert Canary not in admin.site._registry
    assert not MachineKey.objects.filter(organization=CANARY_ORGANIZATION).exists()


def test_no_metric_changes_but_the_canarys_own(client: Client, settings):
    settings.METRICS_TOKEN = "metrics-token-for-tests"
    rule = make_rule()
    make_delivery(make_event(workspace=rule.workspace), rule)

    before = scraped(client)
    fly()
    tallies.count_on(timezone.now() + timedelta(minutes=5), until=float("inf"))
    after = scraped(client)

    changed = {line.split("{")[0].split(" ")[0] for line in before ^ after}
    assert changed == {
        "meshes_canary_last_success_timestamp_seconds",
        "meshes_canary_latency_seconds",
    }
    assert Tally.objects.filter(workspace_key=str(CANARY_WORKSPACE)).count() == 0
    assert Tally.objects.get(measure="accepted").count == 1


def scraped(client: Client) -> set[str]:
    """The samples of the page; how late something is changes from one reading to the next."""
    answer = client.get("/metrics", headers={"Authorization": "Bearer metrics-token-for-tests"})
    lines = answer.content.decode().splitlines()
    return {line for line in lines if not line.startswith(("#", "meshes_oldest_due_age"))}
