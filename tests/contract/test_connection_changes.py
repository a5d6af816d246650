"""Connections by the contract: update and delete.

Source: Meshes API wire contract, sections 10.2 and 10.3.
"""

from __future__ import annotations

import pytest

from connections.calling import secrets_of
from connections.models import Connection
from meshes.models import Workspace
from rules.models import Rule
from tests.builders import make_connection, make_rule
from tests.conftest import SANDBOX_KEY
from tests.contract.connecting import ALONE, MASK, connection_body
from tests.contract.shapes import ID, INTEGRATION, fits, refusal, strict

DELETED = strict({"id": ID, "type": INTEGRATION})


@pytest.fixture
def connection(machine, workspace, sandbox):
    """A connection that was made through the API."""
    body = connection_body(sandbox, workspace)
    made = machine.ask("POST", "/connections", body, status=201)["connection"]
    return Connection.objects.get(pk=made["id"])


def put(machine, connection, body):
    return machine.call("PUT", f"/connections/{connection.pk}", body)


def stored(connection):
    return Connection.objects.get(pk=connection.pk)


@pytest.mark.parametrize("key", [None, "", MASK, f" {MASK} "])
def test_a_key_that_is_not_sent_stays(machine, connection, sandbox, key):
    body = connection_body(sandbox, name="Renamed", metadata={"api_key": key})

    changed = fits(put(machine, connection, body).json(), ALONE)

    assert changed["name"] == stored(connection).name == "Renamed"
    assert changed["metadata"] == {"api_url": sandbox.url, "api_key": MASK}
    assert secrets_of(stored(connection)) == {"api_key": SANDBOX_KEY}


def test_what_a_get_answered_can_be_put_back(machine, connection):
    shown = machine.ask("GET", f"/connections/{connection.pk}")

    changed = put(machine, connection, shown).json()

    assert {**changed, "updated_at": ""} == {**shown, "updated_at": ""}
    assert secrets_of(stored(connection)) == {"api_key": SANDBOX_KEY}


def test_the_metadata_is_replaced_as_a_whole(machine, connection):
    answer = put(machine, connection, {"name": "AC onboarding", "metadata": {}})

    data = refusal(answer, 422, "UnprocessableEntity")["data"]
    assert [one["param"] for one in data] == ["metadata.api_url"]


def test_hidden_stays_when_it_is_left_out(machine, connection, sandbox):
    put(machine, connection, connection_body(sandbox, hidden=True))

    changed = put(machine, connection, connection_body(sandbox)).json()

    assert changed["hidden"] is True


def test_the_type_the_workspace_and_the_switch_cannot_be_changed(machine, connection, sandbox):
    other = {"type": "slack", "workspace": "x", "active": False}
    body = {**connection_body(sandbox), **other}

    changed = put(machine, connection, body).json()

    assert (changed["type"], changed["active"]) == ("activecampaign", True)
    assert changed["workspace"] == str(connection.workspace_id)


def test_a_stored_key_goes_to_no_other_address(machine, connection):
    metadata = {"api_url": "https://other.api-us1.com", "api_key": MASK}

    answer = put(machine, connection, {"name": "AC onboarding", "metadata": metadata})

    data = refusal(answer, 422, "UnprocessableEntity")["data"]
    assert [one["param"] for one in data] == ["metadata.api_key"]
    assert stored(connection).metadata == connection.metadata


def test_a_refused_key_replaces_nothing(machine, connection, sandbox):
    body = connection_body(sandbox, name="Renamed", metadata={"api_key": "wrong-key"})

    refusal(put(machine, connection, body), 422, "UnprocessableEntity")

    assert stored(connection).name == "AC onboarding"
    assert secrets_of(stored(connection)) == {"api_key": SANDBOX_KEY}


def test_an_account_that_is_down_keeps_nobody_from_a_name(machine, connection, sandbox):
    sandbox.faults.set("server_error", status=502)
    body = connection_body(sandbox, name="Renamed", metadata={"api_key": None})

    refused = put(machine, connection, body)
    changed = put(machine, connection, {**body, "save_unchecked": True})

    assert "save_unchecked" in refusal(refused, 422, "UnprocessableEntity")["message"]
    assert changed.json()["name"] == "Renamed"


def test_a_name_that_is_taken_is_a_conflict(machine, connection, sandbox):
    make_connection(workspace=connection.workspace, name="Other")

    answer = put(machine, connection, connection_body(sandbox, name="Other"))

    assert refusal(answer, 409, "Conflict")["data"][0]["param"] == "name"
    assert stored(connection).name == "AC onboarding"


def test_another_account_is_a_conflict_while_rules_mean_this_one(machine, connection):
    make_rule(connection=connection)
    metadata = {"api_url": "https://other.api-us1.com", "api_key": "another-key"}

    answer = put(machine, connection, {"name": "AC onboarding", "metadata": metadata})

    assert refusal(answer, 409, "Conflict")["data"][0]["param"] == "metadata.api_url"
    assert stored(connection).metadata == connection.metadata


@pytest.mark.parametrize("body", [None, {}, {"force_delete": False}])
def test_a_delete_destroys_the_secret(machine, connection, body):
    deleted = fits(machine.ask("DELETE", f"/connections/{connection.pk}", body), DELETED)

    assert deleted == {"id": str(connection.pk), "type": "activecampaign"}
    assert stored(connection).deleted_at is not None
    assert not stored(connection).secrets
    machine.ask("GET", f"/connections/{connection.pk}", status=404)
    machine.ask("DELETE", f"/connections/{connection.pk}", status=404)


@pytest.mark.parametrize("body", [None, {}, {"force_delete": False}])
def test_active_rules_stand_in_the_way(machine, connection, body):
    make_rule(connection=connection)

    answer = machine.call("DELETE", f"/connections/{connection.pk}", body)

    assert "force_delete" in refusal(answer, 409, "Conflict")["message"]
    assert stored(connection).deleted_at is None
    assert Rule.objects.live().count() == 1


def test_with_force_the_rules_go_too(machine, connection):
    rule = make_rule(connection=connection)
    make_rule(connection=connection, active=False, page_id="other")
    elsewhere = make_rule(workspace=connection.workspace)
    before = Workspace.objects.get(pk=connection.workspace_id).rules_version

    machine.ask("DELETE", f"/connections/{connection.pk}", {"force_delete": True})

    assert list(Rule.objects.live()) == [elsewhere]
    last = Rule.objects.get(pk=rule.pk).current
    assert (last.change, last.matches, last.created_by) == ("deleted", False, "machine key: Tests")
    assert Workspace.objects.get(pk=connection.workspace_id).rules_version == before + 2


@pytest.mark.parametrize("body", [{"force_delete": "yes"}, {"force_delete": None}, b"[]", b"{"])
def test_a_malformed_delete_deletes_nothing(machine, connection, body):
    answer = machine.call("DELETE", f"/connections/{connection.pk}", body)

    refusal(answer, 400, "BadRequest")
    assert stored(connection).deleted_at is None


def test_many_rules_cost_no_more_statements_than_their_rows(
    machine, connection, django_assert_max_num_queries
):
    for number in range(20):
        make_rule(connection=connection, page_id=str(number))

    with django_assert_max_num_queries(40 + 2 * 20):
        machine.ask("DELETE", f"/connections/{connection.pk}", {"force_delete": True})

    assert not Rule.objects.live().exists()
