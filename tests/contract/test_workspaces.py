"""Workspaces by the contract: list, create, show, update.

Source: Meshes API wire contract, section 9.
"""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from meshes.keys import create_key, revoke_key
from meshes.models import PublishableKey, Workspace
from tests.builders import make_workspace
from tests.contract.machine import make_machine
from tests.contract.shapes import (
    ID,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    WORD,
    envelope,
    fits,
    refusal,
    strict,
)

WORKSPACE = {"id": ID, "name": WORD, "description": TEXT_OR_NULL}
WORKSPACE |= {"created_at": TIME, "updated_at": TIME}
RECORD = strict(WORKSPACE)
ALONE = strict({**WORKSPACE, "publishable_key": strict({"name": TEXT, "public_key": TEXT})})
CREATED = strict({"workspace": RECORD})


def test_the_list_holds_all_workspaces_newest_first(machine, workspace):
    newer = make_workspace(organization=machine.key.organization, description="The newer one")
    make_workspace(organization=machine.key.organization, deleted_at=timezone.now())

    page = fits(machine.ask("GET", "/workspaces"), envelope(RECORD))

    assert [one["id"] for one in page["records"]] == [str(newer.pk), str(workspace.pk)]
    assert (page["count"], page["limit"], page["next_cursor"]) == (2, 2, None)
    assert page["records"][0]["description"] == "The newer one"
    assert page["records"][1]["description"] is None


def test_an_organization_without_workspaces_has_an_empty_list(machine):
    page = fits(machine.ask("GET", "/workspaces?limit=5&whatever=x"), envelope(RECORD))

    assert page["records"] == []


def test_a_create_answers_wrapped_and_without_the_key(machine):
    body = {"name": "Northwind prod", "description": "The live product", "unknown": 1}

    made = fits(machine.ask("POST", "/workspaces", body, status=201), CREATED)["workspace"]

    stored = Workspace.objects.get(pk=made["id"])
    assert (stored.name, stored.description) == ("Northwind prod", "The live product")
    assert stored.created_by == "machine key: Tests"
    assert str(stored.organization_id) == machine.organization_id
    assert PublishableKey.objects.filter(workspace=stored).count() == 1


@pytest.mark.parametrize(
    ("catalog", "keys"),
    [("event-types", ["contact.created", "page.completed"]), ("resources", ["global"])],
)
def test_a_created_workspace_starts_with_names_in_its_catalogs(machine, catalog, keys):
    made = machine.ask("POST", "/workspaces", {"name": "Northwind prod"}, status=201)["workspace"]

    entries = machine.ask("GET", f"/workspaces/{made['id']}/{catalog}")

    assert [one["key"] for one in entries] == keys
    assert {one["created_by"] for one in entries} == {"machine key: Tests"}


@pytest.mark.parametrize("sent", [{}, {"description": None}], ids=["left out", "null"])
def test_a_workspace_may_have_no_description(machine, sent):
    body = {"name": "Northwind prod", **sent}

    made = machine.ask("POST", "/workspaces", body, status=201)["workspace"]

    assert made["description"] is None


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": 12345}, "name"),
        ({"name": "ab"}, "name"),
        ({"name": "a" * 51}, "name"),
        ({"name": "   "}, "name"),
        ({"name": " ab"}, "name"),
        ({"name": "Größe"}, "name"),
        ({"name": "Northwind\n"}, "name"),
        ({"name": "Northwind", "description": "d" * 1025}, "description"),
        ({"name": "Northwind", "description": ["d"]}, "description"),
    ],
)
def test_a_create_with_a_bad_field_names_it_and_makes_nothing(machine, body, param):
    error = refusal(machine.call("POST", "/workspaces", body), 400, "BadRequest")

    assert [fault["param"] for fault in error["data"]] == [param]
    assert not Workspace.objects.filter(organization=machine.key.organization).exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(machine, body):
    refusal(machine.call("POST", "/workspaces", body), 400, "BadRequest")

    assert not Workspace.objects.filter(organization=machine.key.organization).exists()


def test_a_name_that_is_taken_is_a_conflict(machine, workspace):
    answer = machine.call("POST", "/workspaces", {"name": workspace.name})

    refusal(answer, 409, "Conflict")
    assert Workspace.objects.filter(organization=machine.key.organization).count() == 1


def test_spaces_around_a_name_do_not_make_it_another_one(machine, workspace):
    path = f"/workspaces/{workspace.pk}"

    renamed = machine.ask("PUT", path, {"name": "  Northwind prod "})
    answer = machine.call("POST", "/workspaces", {"name": "Northwind prod "})

    assert renamed["name"] == Workspace.objects.get(pk=workspace.pk).name == "Northwind prod"
    refusal(answer, 409, "Conflict")


def test_a_key_limited_to_workspaces_makes_none(machine, workspace):
    limited = make_machine(machine.key.organization, workspaces=[workspace])

    refusal(limited.call("POST", "/workspaces", {"name": "One more"}), 403, "Forbidden")

    assert Workspace.objects.filter(organization=machine.key.organization).count() == 1


def test_the_single_get_shows_the_newest_usable_key(machine, workspace):
    old, new, revoked = (create_key(workspace, name=n, by="tests") for n in ("Old", "New", "Gone"))
    revoke_key(revoked, by="tests", now=timezone.now())

    shown = fits(machine.ask("GET", f"/workspaces/{workspace.pk}"), ALONE)

    assert shown["publishable_key"] == {"name": "New", "public_key": new.key}
    assert shown["id"] == str(workspace.pk)
    assert old.key not in str(shown)


def test_a_workspace_without_a_usable_key_still_has_two_texts(machine, workspace):
    shown = fits(machine.ask("GET", f"/workspaces/{str(workspace.pk).upper()}"), ALONE)

    assert shown["publishable_key"] == {"name": "", "public_key": ""}


@pytest.mark.parametrize("which", [uuid4(), "no-uuid", "%00", "."], ids=["new", "text", "nul", "."])
def test_an_unknown_workspace_is_not_found(machine, which):
    refusal(machine.call("GET", f"/workspaces/{which}"), 404, "NotFound")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [({}, "Before"), ({"description": None}, None), ({"description": "After"}, "After")],
    ids=["left out", "null", "text"],
)
def test_an_update_keeps_clears_or_replaces_the_description(machine, workspace, sent, kept):
    Workspace.objects.filter(pk=workspace.pk).update(description="Before")
    body = {"name": "Renamed", **sent}

    shown = fits(machine.ask("PUT", f"/workspaces/{workspace.pk}", body), RECORD)

    assert (shown["name"], shown["description"]) == ("Renamed", kept)
    workspace.refresh_from_db()
    assert (workspace.name, workspace.description) == ("Renamed", kept)
    assert shown["updated_at"] > shown["created_at"]


def test_an_update_to_a_name_that_is_taken_changes_nothing(machine, workspace):
    other = make_workspace(organization=machine.key.organization)

    answer = machine.call("PUT", f"/workspaces/{workspace.pk}", {"name": other.name})

    refusal(answer, 409, "Conflict")
    workspace.refresh_from_db()
    assert workspace.name != other.name


def test_an_update_under_its_own_name_is_no_conflict(machine, workspace):
    shown = machine.ask("PUT", f"/workspaces/{workspace.pk}", {"name": workspace.name})

    assert shown["name"] == workspace.name


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "POST"])
def test_other_methods_are_refused_in_the_contracts_body(machine, workspace, method):
    answer = machine.call(method, f"/workspaces/{workspace.pk}")

    refusal(answer, 405, "MethodNotAllowed")
    assert answer.headers["Allow"] == "GET, PUT, HEAD, OPTIONS"
    assert Workspace.objects.live().filter(pk=workspace.pk).exists()
