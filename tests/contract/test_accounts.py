"""What a connection's account holds, by the contract: actions and fields.

Source: Meshes API wire contract, sections 10.4 and 10.5.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection
from tests.builders import make_account, make_catalog, make_catalog_entry, make_connection
from tests.contract.connecting import TARGETS, connection_body
from tests.contract.shapes import FLAG, ID, INTEGRATION, TEXT, TIME, WORD, fits, refusal, strict

NOTHING = strict({})
ACTION = {"key": WORD, "label": WORD, "noun": WORD, "fields": {"type": "array", "items": WORD}}
ON_TAGS = strict({**ACTION, "data": strict({"tags": TARGETS})})
ON_LISTS = strict({**ACTION, "data": strict({"lists": TARGETS})})
ACTIONS = strict(
    {
        "actions": strict(
            {
                "add_tag": ON_TAGS,
                "remove_tag": ON_TAGS,
                "add_to_list": ON_LISTS,
                "remove_from_list": ON_LISTS,
                "sync_contact": strict({**ACTION, "data": NOTHING}),
            }
        )
    }
)
TYPES = "string number boolean date datetime enum multi_enum json object array unknown".split()
FORMATS = "email phone url uuid date datetime unknown".split()
CONSTRAINTS = strict(
    {},
    optional={
        "format": {"enum": FORMATS},
        "required": FLAG,
        "allowed_values": {"type": "array", "items": TEXT},
    },
)
FIELD = strict(
    {"key": WORD, "type": {"enum": TYPES}},
    optional={"label": TEXT, "constraints": CONSTRAINTS, "provider_meta": {"type": "object"}},
)
FIELDS = strict(
    {
        "id": ID,
        "workspace_id": ID,
        "connection_id": ID,
        "integration_type": INTEGRATION,
        "catalog_version": WORD,
        "refreshed_at": TIME,
        "created_by": WORD,
        "created_at": TIME,
        "updated_at": TIME,
        "fields": {"type": "array", "items": FIELD},
    }
)


@pytest.fixture
def read(workspace):
    """A connection whose account was read just now; nothing answers at its address."""
    account = make_account(catalog_refreshed_at=timezone.now(), catalog_version="v1")
    make_catalog(account)
    return make_connection(workspace=workspace, account=account)


@pytest.fixture
def live(machine, workspace, sandbox):
    """A connection to the sandbox that was made through the API."""
    body = connection_body(sandbox, workspace)
    made = machine.ask("POST", "/connections", body, status=201)["connection"]
    return Connection.objects.select_related("account").get(pk=made["id"])


def names(actions):
    return [tag["name"] for tag in actions["actions"]["add_tag"]["data"]["tags"]]


def keys(fields):
    return [field["key"] for field in fields["fields"]]


def test_each_action_comes_with_what_the_account_offers(machine, read):
    actions = fits(machine.ask("GET", f"/connections/{read.pk}/actions"), ACTIONS)["actions"]

    tags = [{"id": "13", "name": "step-2-complete"}, {"id": "12", "name": "step-3-complete"}]
    assert actions["add_tag"]["data"] == actions["remove_tag"]["data"] == {"tags": tags}
    assert actions["add_to_list"]["data"] == {"lists": [{"id": "3", "name": "Onboarding"}]}
    assert actions["add_tag"]["fields"] == ["id"]
    assert actions["sync_contact"]["fields"] == []


def test_what_is_gone_from_the_account_is_not_offered(machine, read):
    make_catalog_entry(read.account, external_id="12", label="x", gone_at=timezone.now())

    assert names(machine.ask("GET", f"/connections/{read.pk}/actions")) == ["step-2-complete"]


@pytest.mark.parametrize("query", ["?refresh=true", "?refresh=TRUE", "?refresh=1"])
def test_a_new_tag_is_offered_after_a_refresh(machine, live, sandbox, query):
    sandbox.state.add_tag("Fresh")

    stored = names(machine.ask("GET", f"/connections/{live.pk}/actions"))
    fresh = names(machine.ask("GET", f"/connections/{live.pk}/actions{query}"))

    assert "Fresh" not in stored
    assert "Fresh" in fresh


def test_an_old_reading_is_made_anew(machine, live, sandbox):
    sandbox.state.add_tag("Fresh")
    type(live.account).objects.update(catalog_refreshed_at=timezone.now() - timedelta(hours=7))

    assert "Fresh" in names(machine.ask("GET", f"/connections/{live.pk}/actions"))


@pytest.mark.parametrize("path", ["actions", "actions?refresh=true", "fields?refresh=true"])
def test_an_inactive_connection_asks_nothing(machine, live, sandbox, path):
    Connection.objects.update(active=False, inactive_reason="authentication_invalid")
    before = len(sandbox.state.requests)

    refusal(machine.call("GET", f"/connections/{live.pk}/{path}"), 409, "Conflict")

    assert len(sandbox.state.requests) == before


@pytest.mark.parametrize("path", ["actions?refresh=true", "fields?refresh=true"])
def test_an_account_that_refuses_is_told_in_a_sentence(machine, live, sandbox, path):
    sandbox.faults.set("payment_required")

    answer = machine.call("GET", f"/connections/{live.pk}/{path}")

    assert refusal(answer, 422, "UnprocessableEntity")["message"]


def test_a_connection_that_was_saved_unchecked_is_tried_first(machine, workspace, sandbox):
    sandbox.faults.set("server_error", status=502)
    body = {**connection_body(sandbox, workspace), "save_unchecked": True}
    made = machine.ask("POST", "/connections", body, status=201)["connection"]

    down = machine.call("GET", f"/connections/{made['id']}/actions")
    sandbox.faults.clear()
    actions = machine.ask("GET", f"/connections/{made['id']}/actions")

    assert "problem of its own" in refusal(down, 422, "UnprocessableEntity")["message"]
    assert len(names(fits(actions, ACTIONS))) == 5


def test_the_fields_are_the_standard_ones_and_the_accounts_own(machine, read):
    make_catalog_entry(
        read.account,
        kind="field",
        external_id="8",
        label="Seats",
        type="enum",
        options=["1", "5"],
        detail={"perstag": "SEATS"},
    )

    fields = fits(machine.ask("GET", f"/connections/{read.pk}/fields"), FIELDS)

    assert keys(fields) == ["email", "firstName", "lastName", "phone", "7", "8"]
    assert fields["fields"][0]["constraints"] == {"format": "email", "required": True}
    assert fields["fields"][-1] == {
        "key": "8",
        "label": "Seats",
        "type": "enum",
        "constraints": {"allowed_values": ["1", "5"]},
        "provider_meta": {"field_id": "8", "perstag": "SEATS"},
    }
    assert fields["catalog_version"] == "v1"
    assert fields == machine.ask("GET", f"/connections/{read.pk}/fields")


def test_stored_fields_come_without_asking_and_also_while_inactive(machine, live, sandbox):
    Connection.objects.update(active=False, inactive_reason="authentication_invalid")
    before = len(sandbox.state.requests)

    fields = fits(machine.ask("GET", f"/connections/{live.pk}/fields?refresh=false"), FIELDS)

    assert len(fields["fields"]) == 8
    assert len(sandbox.state.requests) == before


def test_a_new_field_comes_with_a_refresh_and_another_version(machine, live, sandbox):
    before = machine.ask("GET", f"/connections/{live.pk}/fields")
    sandbox.state.add_field("Seats")

    after = fits(machine.ask("GET", f"/connections/{live.pk}/fields?refresh=true"), FIELDS)

    assert len(after["fields"]) == len(before["fields"]) + 1
    assert after["catalog_version"] != before["catalog_version"]
    assert after["id"] == before["id"]
    assert after["refreshed_at"] > before["refreshed_at"]


def test_a_refresh_takes_slots_of_the_accounts_budget(machine, live, sandbox):
    taken = live.account.slots_taken
    before = len(sandbox.state.requests)

    machine.ask("GET", f"/connections/{live.pk}/fields?refresh=true")

    live.account.refresh_from_db()
    assert live.account.slots_taken - taken == len(sandbox.state.requests) - before > 0
