"""A connection's default mapping by the contract: show and update.

Source: Meshes API wire contract, section 11.
"""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from rules.mapping_versions import ensure_mapping
from rules.models import MappingVersion, Rule
from tests.builders import make_account, make_catalog, make_connection, make_rule
from tests.contract.mapping_shapes import EMAIL, MAPPING, mapping_of
from tests.contract.shapes import fits, refusal

PLAN = {"dest": "7", "source": {"type": "path", "value": "plan"}}
SENT = mapping_of(EMAIL, PLAN, meta={"name": "Signup", "notes": "For the signup form"})


@pytest.fixture
def connection(workspace):
    """A connection whose account was read."""
    account = make_account(catalog_refreshed_at=timezone.now(), catalog_version="v1")
    make_catalog(account)
    return make_connection(workspace=workspace, account=account)


def path(connection):
    return f"/connections/{connection.pk}/mappings/default"


def show(machine, connection):
    return fits(machine.ask("GET", path(connection)), MAPPING)


def put(machine, connection, schema=SENT, **body):
    return machine.call("PUT", path(connection), {"schema": schema, **body})


def stored(answer):
    assert answer.status_code == 200, answer.content
    return fits(answer.json(), MAPPING)["mapping"]


def test_before_anything_is_stored_a_whole_mapping_is_proposed(machine, connection):
    shown = show(machine, connection)

    assert shown["status"] == "generated"
    mapping = shown["mapping"]
    assert (mapping["version"], mapping["name"]) == (1, "Default mapping")
    assert mapping["connection_id"] == str(connection.pk)
    assert [field["dest"] for field in mapping["schema"]["fields"]] == [
        "email",
        "firstName",
        "lastName",
        "phone",
    ]
    assert not MappingVersion.objects.exists()
    assert show(machine, connection) == shown


def test_what_was_proposed_keeps_its_ids_when_a_rule_needs_it(machine, connection):
    proposed = show(machine, connection)

    ensure_mapping(connection, by="system", now=connection.created_at)

    assert show(machine, connection) == proposed
    assert str(MappingVersion.objects.get().pk) == proposed["mapping"]["id"]


def test_an_update_is_the_next_version_of_the_same_mapping(machine, connection):
    proposed = show(machine, connection)["mapping"]

    sent = {"name": "Signup", "expected_version": 1, "mapping_id": proposed["mapping_id"]}
    saved = stored(put(machine, connection, workspace_id=str(connection.workspace_id), **sent))

    assert (saved["version"], saved["name"], saved["schema"]) == (2, "Signup", SENT)
    assert saved["mapping_id"] == proposed["mapping_id"]
    assert saved["id"] != proposed["id"]
    assert (saved["created_by"], saved["catalog_version"]) == ("machine key: Tests", "v1")
    assert show(machine, connection) == {"status": "stored", "mapping": saved}


def test_an_update_replaces_the_whole_and_keeps_the_name(machine, connection):
    put(machine, connection, name="Signup")

    saved = stored(put(machine, connection, mapping_of(EMAIL)))

    assert (saved["version"], saved["name"], saved["schema"]) == (3, "Signup", mapping_of(EMAIL))


def test_a_mapping_may_be_empty(machine, connection):
    assert stored(put(machine, connection, mapping_of()))["schema"] == mapping_of()


def test_every_rule_of_the_connection_uses_the_new_version(machine, connection):
    rule = make_rule(connection=connection)

    saved = stored(put(machine, connection))

    assert str(Rule.objects.get(pk=rule.pk).current.mapping_id) == saved["id"]


@pytest.mark.parametrize("expected", [1, 3, 99])
def test_a_version_that_is_not_the_newest_is_a_conflict(machine, connection, expected):
    put(machine, connection)

    answer = put(machine, connection, mapping_of(), expected_version=expected)

    error = refusal(answer, 409, "Conflict")
    assert "version 2" in error["message"]
    assert [one["param"] for one in error["data"]] == ["expected_version"]
    assert show(machine, connection)["mapping"]["schema"] == SENT


def test_without_an_expected_version_the_last_one_wins(machine, connection):
    put(machine, connection)

    assert stored(put(machine, connection, mapping_of(EMAIL)))["version"] == 3


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": 5}, "name"),
        ({"expected_version": 0}, "expected_version"),
        ({"expected_version": "1"}, "expected_version"),
        ({"expected_version": 1.5}, "expected_version"),
        ({"expected_version": True}, "expected_version"),
        ({"mapping_id": "x"}, "mapping_id"),
        ({"mapping_id": str(uuid4())}, "mapping_id"),
        ({"workspace_id": str(uuid4())}, "workspace_id"),
    ],
    ids=[
        "no name", "long name", "number as name", "version 0", "text as version", "half version",
        "true as version", "no id", "another mapping", "another workspace",
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_used_is_unprocessable(machine, connection, body, param):
    data = refusal(put(machine, connection, **body), 422, "UnprocessableEntity")["data"]

    assert [one["param"] for one in data] == [param]
    assert not MappingVersion.objects.exists()


def test_a_missing_schema_is_unprocessable(machine, connection):
    answer = machine.call("PUT", path(connection), {"name": "Signup"})

    data = refusal(answer, 422, "UnprocessableEntity")["data"]
    assert data == [{"param": "schema", "msg": "is required"}]


@pytest.mark.parametrize(
    ("schema", "param"),
    [
        (None, "schema"),
        ([], "schema"),
        ({"schema_version": 1}, "schema.fields"),
        (mapping_of(schema_version=2), "schema.schema_version"),
        (mapping_of(schema_version="1"), "schema.schema_version"),
        (mapping_of(*[EMAIL] * 251), "schema.fields"),
        (mapping_of({**PLAN, "dest": "99"}), "schema.fields[0].dest"),
        (mapping_of(EMAIL, EMAIL), "schema.fields[1].dest"),
        (mapping_of({**PLAN, "on_error": "stop"}), "schema.fields[0].on_error"),
        (mapping_of({**PLAN, "path": "$.payload.plan"}), "schema.fields[0].path"),
        (mapping_of(meta={"name": ""}), "schema.meta.name"),
    ],
    ids=[
        "null", "a list", "no fields", "version 2", "version as text", "251 fields",
        "unknown field", "twice", "on_error", "unknown key", "empty meta name",
    ],
)  # fmt: skip
def test_an_invalid_schema_is_told_by_its_place(machine, connection, schema, param):
    error = refusal(put(machine, connection, schema), 422, "UnprocessableEntity")

    assert [one["param"] for one in error["data"]] == [param]
    assert not MappingVersion.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"[]", None], ids=["half", "a list", "nothing"])
def test_what_is_no_object_is_refused_as_every_other_fault(machine, connection, body):
    refusal(machine.call("PUT", path(connection), body), 422, "UnprocessableEntity")

    assert not MappingVersion.objects.exists()


def test_many_rules_do_not_change_how_often_the_database_is_asked(
    machine, connection, django_assert_max_num_queries
):
    for number in range(20):
        make_rule(connection=connection, page_id=str(number))

    with django_assert_max_num_queries(22):
        stored(put(machine, connection))
