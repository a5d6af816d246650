"""Connections by the contract: list, show, create.

Source: Meshes API wire contract, sections 10.1 and 10.2.
"""

from __future__ import annotations

import pytest
from django.utils import timezone

from connections.calling import secrets_of
from connections.models import Account, Connection
from meshes.encryption import Sealed
from tests.builders import make_account, make_catalog, make_connection, make_workspace
from tests.conftest import SANDBOX_KEY
from tests.contract.connecting import ALONE, CREATED, LISTED, MASK, connection_body
from tests.contract.machine import make_machine
from tests.contract.shapes import envelope, fits, refusal


def test_the_list_holds_all_connections_newest_first(machine, workspace):
    older = make_connection(workspace=workspace)
    newer = make_connection(workspace=workspace, hidden=True)
    make_connection(workspace=workspace, deleted_at=timezone.now())

    page = fits(machine.ask("GET", "/connections?limit=1&x=y"), envelope(LISTED))

    assert [one["id"] for one in page["records"]] == [str(newer.pk), str(older.pk)]
    assert (page["count"], page["limit"], page["next_cursor"]) == (2, 2, None)
    assert [one["hidden"] for one in page["records"]] == [True, False]


def test_the_list_of_a_workspace_holds_its_own(machine, workspace):
    own = make_connection(workspace=workspace)
    make_connection(workspace=make_workspace(organization=machine.key.organization))

    page = machine.ask("GET", f"/workspaces/{workspace.pk}/connections")

    assert [one["id"] for one in fits(page, envelope(LISTED))["records"]] == [str(own.pk)]


def test_the_list_asks_as_much_for_many_connections_as_for_one(
    machine, workspace, django_assert_max_num_queries
):
    for _ in range(20):
        make_connection(workspace=workspace)

    with django_assert_max_num_queries(5):
        assert machine.ask("GET", "/connections")["count"] == 20


def test_one_connection_shows_what_its_account_holds_and_never_its_key(machine, workspace):
    account = make_account(catalog_refreshed_at=timezone.now())
    make_catalog(account)
    connection = make_connection(workspace=workspace, account=account)

    answer = machine.call("GET", f"/connections/{connection.pk}")

    shown = fits(answer.json(), ALONE)
    assert shown["metadata"] == {"api_url": "https://acme.api-us1.com", "api_key": MASK}
    assert shown["action_data"]["lists"] == [{"id": "3", "name": "Onboarding"}]
    assert "canary" not in answer.text
    assert connection.secrets.token not in answer.text


def test_a_key_that_was_not_accepted_opens_nothing_of_the_account(machine, workspace):
    account = make_account(catalog_refreshed_at=timezone.now())
    make_catalog(account)
    connection = make_connection(workspace=workspace, account=account, last_check={})

    shown = fits(machine.ask("GET", f"/connections/{connection.pk}"), ALONE)

    assert shown["action_data"] == {"tags": [], "lists": []}


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("", "manually_inactivated"), ("authentication_invalid", "authentication_invalid")],
)
def test_an_inactive_connection_says_why(machine, workspace, stored, shown):
    make_connection(workspace=workspace, active=False, inactive_reason=stored)

    record = fits(machine.ask("GET", "/connections"), envelope(LISTED))["records"][0]

    assert (record["active"], record["inactive_reason"]) == (False, shown)


def test_a_destroyed_secret_shows_no_mask(machine, workspace):
    connection = make_connection(workspace=workspace, secrets=Sealed(""))

    shown = machine.ask("GET", f"/connections/{connection.pk}")

    assert shown["metadata"] == {"api_url": "https://acme.api-us1.com"}


def test_a_create_tries_the_key_and_answers_wrapped(machine, workspace, sandbox):
    body = connection_body(sandbox, workspace, hidden=True, active=False)

    answer = machine.call("POST", "/connections", body)

    assert answer.status_code == 201
    made = fits(answer.json(), CREATED)["connection"]
    stored = Connection.objects.get(pk=made["id"])
    assert (made["name"], made["hidden"], made["active"]) == ("AC onboarding", True, True)
    assert made["metadata"] == {"api_url": sandbox.url, "api_key": MASK}
    assert len(made["action_data"]["tags"]) == 5
    assert stored.created_by == made["created_by"] == "machine key: Tests"
    assert secrets_of(stored) == {"api_key": SANDBOX_KEY}
    assert SANDBOX_KEY not in answer.text


def test_a_name_that_is_taken_is_a_conflict(machine, workspace, sandbox):
    make_connection(workspace=workspace, name="AC onboarding")

    answer = machine.call("POST", "/connections", connection_body(sandbox, workspace))

    assert refusal(answer, 409, "Conflict")["data"][0]["param"] == "name"
    assert Connection.objects.count() == 1


@pytest.mark.parametrize(
    "name", [" ", "   ", "", "AC\n", "x" * 128 + "\n"], ids=["one", "three", "none", "line", "long"]
)
def test_a_name_of_nothing_but_spaces_or_with_a_line_end_is_refused(
    machine, workspace, sandbox, name
):
    answer = machine.call("POST", "/connections", connection_body(sandbox, workspace, name=name))

    assert refusal(answer, 400, "BadRequest")["data"][0]["param"] == "name"
    assert not Connection.objects.exists()


def test_spaces_around_a_name_do_not_make_it_another_one(machine, workspace, sandbox):
    spaced = connection_body(sandbox, workspace, name=" AC onboarding ")

    made = machine.ask("POST", "/connections", spaced, status=201)
    answer = machine.call("POST", "/connections", connection_body(sandbox, workspace))

    assert made["connection"]["name"] == Connection.objects.get().name == "AC onboarding"
    refusal(answer, 409, "Conflict")


def test_the_same_name_in_another_workspace_is_none(machine, workspace, sandbox):
    make_connection(name="AC onboarding")

    machine.ask("POST", "/connections", connection_body(sandbox, workspace), status=201)


@pytest.mark.parametrize(
    ("over", "param"),
    [
        ({"name": "Ümlaut"}, "name"),
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"type": "slack"}, "type"),
        ({"type": None}, "type"),
        ({"workspace": "x"}, "workspace"),
        ({"metadata": "x"}, "metadata"),
        ({"hidden": "yes"}, "hidden"),
        ({"save_unchecked": 1}, "save_unchecked"),
    ],
    ids=str,
)
def test_an_invalid_body_is_a_bad_request(machine, workspace, sandbox, over, param):
    body = {**connection_body(sandbox, workspace), **over}

    answer = machine.call("POST", "/connections", body)

    assert [one["param"] for one in refusal(answer, 400, "BadRequest")["data"]] == [param]
    assert not Account.objects.exists()


def test_every_missing_field_is_told_at_once(machine):
    data = refusal(machine.call("POST", "/connections", {}), 400, "BadRequest")["data"]

    assert {one["param"] for one in data} == {"workspace", "type", "name", "metadata"}


@pytest.mark.parametrize(
    ("metadata", "param"),
    [
        ({"api_url": "http://x.api-us1.com/admin"}, "metadata.api_url"),
        ({"api_url": None}, "metadata.api_url"),
        ({"api_key": None}, "metadata.api_key"),
        ({"api_key": MASK}, "metadata.api_key"),
        ({"api_key": 5}, "metadata.api_key"),
        ({"apikey": "typo"}, "metadata.apikey"),
    ],
    ids=str,
)
def test_metadata_that_cannot_be_used_is_unprocessable(
    machine, workspace, sandbox, metadata, param
):
    body = connection_body(sandbox, workspace, metadata=metadata)

    answer = machine.call("POST", "/connections", body)

    data = refusal(answer, 422, "UnprocessableEntity")["data"]
    assert [one["param"] for one in data] == [param]
    assert not Connection.objects.exists()


@pytest.mark.parametrize("anyway", [False, True])
def test_a_refused_key_is_never_stored(machine, workspace, sandbox, anyway):
    body = connection_body(sandbox, workspace, metadata={"api_key": "wrong-key"})

    answer = machine.call("POST", "/connections", {**body, "save_unchecked": anyway})

    assert "does not accept this key" in refusal(answer, 422, "UnprocessableEntity")["message"]
    assert "wrong-key" not in answer.text
    assert not Connection.objects.exists()


def test_an_account_that_is_down_is_saved_only_when_that_is_asked(machine, workspace, sandbox):
    sandbox.faults.set("server_error", status=502)
    body = connection_body(sandbox, workspace)

    refused = machine.call("POST", "/connections", body)
    stored = Connection.objects.exists()
    made = machine.ask("POST", "/connections", {**body, "save_unchecked": True}, status=201)

    assert "save_unchecked" in refusal(refused, 422, "UnprocessableEntity")["message"]
    assert not stored
    assert "action_data" not in fits(made, CREATED)["connection"]


def test_a_key_for_one_workspace_connects_no_other(machine, workspace, sandbox):
    elsewhere = make_workspace(organization=machine.key.organization)
    limited = make_machine(machine.key.organization, workspaces=[elsewhere])

    answer = limited.call("POST", "/connections", connection_body(sandbox, workspace))

    assert refusal(answer, 400, "BadRequest")["data"][0]["param"] == "workspace"
    assert not Connection.objects.exists()
