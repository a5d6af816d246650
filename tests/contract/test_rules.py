"""Rules by the contract: list, create, show, delete.

Source: Meshes API wire contract, section 12.
"""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from deliveries.models import Delivery, Event
from rules.models import Rule
from tests.builders import make_account, make_catalog, make_connection, make_rule, make_workspace
from tests.contract.ruling import CREATED, RULE, rule_body
from tests.contract.shapes import ID, INTEGRATION, WORD, envelope, fits, refusal, strict

DELETED = strict(
    {"id": ID, "connection": ID, "type": INTEGRATION, "event": WORD},
    optional={"resource": WORD, "resource_id": WORD},
)


@pytest.fixture
def connection(workspace):
    """A connection whose account was read."""
    account = make_account(catalog_refreshed_at=timezone.now())
    make_catalog(account)
    return make_connection(workspace=workspace, account=account)


def post(machine, connection, /, **over):
    return machine.call("POST", "/rules", rule_body(connection, **over))


def ids(page):
    return [one["id"] for one in fits(page, envelope(RULE))["records"]]


def test_a_create_answers_wrapped_and_says_who(machine, connection):
    made = fits(post(machine, connection, resource="page").json(), CREATED)["rule"]

    stored = Rule.objects.get(pk=made["id"])
    assert (stored.action, stored.target_id, stored.target_label) == (
        "add_tag",
        "12",
        "step-3-complete",
    )
    assert stored.created_by == made["created_by"] == "machine key: Tests"
    assert stored.current.change == "created"
    assert stored.name == "Add Tag step-3-complete on page.completed"
    assert made["metadata"] == {"action": "add_tag", "id": "12", "name": "step-3-complete"}
    assert (made["resource"], made["active"], made["hidden"]) == ("page", True, False)
    assert "resource_id" not in made


def test_a_rule_acts_on_the_next_event(machine, connection, api):
    Event.objects.all().delete()
    connection.workspace = api.workspace
    connection.save()
    connection.workspace.organization = machine.key.organization
    connection.workspace.save()
    made = post(machine, connection).json()["rule"]

    api.emit({"event": "page.completed", "payload": {"email": "alex@northstar.io"}})

    assert str(Delivery.objects.get().rule_id) == made["id"]


def test_a_rule_may_be_made_switched_off_and_hidden(machine, connection):
    made = post(machine, connection, active=False, hidden=True).json()["rule"]

    assert (made["active"], made["hidden"]) == (False, True)


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [
        ({"action": "add_to_list", "id": "3"}, {"id": "3", "name": "Onboarding"}),
        ({"action": "remove_from_list", "id": "3"}, {"id": "3", "name": "Onboarding"}),
        ({"action": "remove_tag", "id": "13"}, {"id": "13", "name": "step-2-complete"}),
        ({"action": "sync_contact"}, {}),
        ({"action": "sync_contact", "id": ""}, {}),
    ],
    ids=str,
)
def test_every_action_can_be_asked_for(machine, connection, metadata, shown):
    made = fits(post(machine, connection, metadata=metadata).json(), CREATED)["rule"]

    assert made["metadata"] == {"action": metadata["action"], **shown}


@pytest.mark.parametrize(
    ("over", "param"),
    [
        ({"event": ""}, "event"),
        ({"event": "  "}, "event"),
        ({"event": "x" * 201}, "event"),
        ({"event": "a\tb"}, "event"),
        ({"event": 5}, "event"),
        ({"resource": ""}, "resource"),
        ({"resource_id": "a b"}, "resource_id"),
        ({"resource_id": "x" * 65}, "resource_id"),
        ({"active": "yes"}, "active"),
        ({"hidden": None}, "hidden"),
        ({"workspace": "x"}, "workspace"),
        ({"connection": 1}, "connection"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {}}, "metadata.action"),
        ({"metadata": {"action": ""}}, "metadata.action"),
        ({"metadata": {"action": "create_or_update_contact"}}, "metadata.action"),
        ({"metadata": {"action": "add_tag"}}, "metadata.id"),
        ({"metadata": {"action": "add_tag", "id": 12}}, "metadata.id"),
        ({"metadata": {"action": "add_tag", "id": "999"}}, "metadata.id"),
        ({"metadata": {"action": "sync_contact", "id": "12"}}, "metadata.id"),
    ],
    ids=str,
)
def test_an_invalid_body_is_a_bad_request(machine, connection, over, param):
    data = refusal(post(machine, connection, **over), 400, "BadRequest")["data"]

    assert [one["param"] for one in data] == [param]
    assert not Rule.objects.exists()


def test_every_missing_field_is_told_at_once(machine):
    data = refusal(machine.call("POST", "/rules", {}), 400, "BadRequest")["data"]

    assert {one["param"] for one in data} == {"workspace", "connection", "event", "metadata"}


def test_an_unknown_workspace_or_connection_is_not_found(machine, connection):
    elsewhere = make_workspace(organization=machine.key.organization)
    answers = [
        post(machine, connection, workspace=str(uuid4())),
        post(machine, connection, connection=str(uuid4())),
        post(machine, connection, workspace=str(elsewhere.pk)),
    ]

    assert [refusal(one, 404, "NotFound")["message"] for one in answers] == [
        "There is no such workspace.",
        "There is no such connection.",
        "There is no such connection.",
    ]
    assert not Rule.objects.exists()


def test_a_key_that_was_not_accepted_makes_no_rule(machine, connection):
    type(connection).objects.update(last_check={})

    data = refusal(post(machine, connection), 400, "BadRequest")["data"]

    assert [one["param"] for one in data] == ["connection"]
    assert not Rule.objects.exists()


def test_the_same_rule_again_is_a_conflict(machine, connection):
    post(machine, connection)

    answer = post(machine, connection)

    assert "step-3-complete" in refusal(answer, 409, "Conflict")["message"]
    assert Rule.objects.count() == 1


@pytest.mark.parametrize(
    "over",
    [
        {"active": False},
        {"event": "page.viewed"},
        {"resource": "page"},
        {"resource_id": "one"},
        {"metadata": {"action": "remove_tag", "id": "12"}},
        {"metadata": {"action": "add_tag", "id": "13"}},
        {"metadata": {"action": "add_tag", "id": "12", "conditions": '{"page_id":"one"}'}},
    ],
    ids=str,
)
def test_a_rule_that_differs_is_none(machine, connection, over):
    post(machine, connection)

    assert post(machine, connection, **over).status_code == 201


def test_the_list_is_newest_first_and_holds_no_deleted_rule(machine, connection):
    older = make_rule(connection=connection)
    newer = make_rule(connection=connection, active=False, page_id="x")
    make_rule(connection=connection, page_id="y", deleted_at=timezone.now())

    page = machine.ask("GET", "/rules")

    assert ids(page) == [str(newer.pk), str(older.pk)]
    assert (page["count"], page["next_cursor"]) == (2, None)


def test_the_list_asks_as_much_for_many_rules_as_for_one(
    machine, connection, django_assert_max_num_queries
):
    for number in range(20):
        make_rule(connection=connection, page_id=str(number))

    with django_assert_max_num_queries(5):
        assert machine.ask("GET", "/rules")["count"] == 20


@pytest.mark.parametrize("where", ["/rules", "/workspaces/{id}/rules"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3),
        ("?event=page.completed", 2),
        ("?event=page.completed&resource=page", 1),
        ("?resource_id=one", 1),
        ("?event=PAGE.COMPLETED", 0),
        ("?action=add_tag", 3),
    ],
)
def test_the_lists_are_filtered_exactly(machine, connection, where, query, found):
    make_rule(connection=connection)
    make_rule(connection=connection, resource="page")
    make_rule(connection=connection, event="page.viewed", resource_id="one")
    path = where.replace("{id}", str(connection.workspace_id))

    assert len(ids(machine.ask("GET", f"{path}{query}"))) == found


@pytest.mark.parametrize("where", ["/rules", "/workspaces/{id}/rules"])
@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("event=", ["event"]),
        ("event=page.completed%00", ["event"]),
        ("event=page.completed&resource=&resource_id=", ["resource", "resource_id"]),
    ],
)
def test_an_empty_filter_is_refused_and_not_taken_for_none(
    machine, connection, where, query, params
):
    make_rule(connection=connection)
    path = where.replace("{id}", str(connection.workspace_id))

    error = refusal(machine.call("GET", f"{path}?{query}"), 400, "BadRequest")

    assert [fault["param"] for fault in error["data"]] == params


def test_one_rule_is_shown_unwrapped(machine, connection):
    rule = make_rule(connection=connection, resource="page", resource_id="one", hidden=True)

    shown = fits(machine.ask("GET", f"/rules/{rule.pk}"), RULE)

    assert (shown["id"], shown["type"]) == (str(rule.pk), "activecampaign")
    assert (shown["resource"], shown["resource_id"], shown["hidden"]) == ("page", "one", True)


def test_a_delete_answers_what_it_was(machine, connection):
    rule = make_rule(connection=connection, resource="page")

    deleted = fits(machine.ask("DELETE", f"/rules/{rule.pk}", {}), DELETED)

    assert deleted == {
        "id": str(rule.pk),
        "connection": str(connection.pk),
        "type": "activecampaign",
        "event": "page.completed",
        "resource": "page",
    }
    last = Rule.objects.get(pk=rule.pk).current
    assert (last.change, last.created_by) == ("deleted", "machine key: Tests")
    machine.ask("GET", f"/rules/{rule.pk}", status=404)
    machine.ask("DELETE", f"/rules/{rule.pk}", status=404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_there_is_no_update(machine, connection, method):
    rule = make_rule(connection=connection)

    answer = machine.call(method, f"/rules/{rule.pk}", {"active": False})

    refusal(answer, 405, "MethodNotAllowed")
    assert Rule.objects.get(pk=rule.pk).active
