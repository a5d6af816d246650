"""Events that machine keys post: each names its workspace, and only those of the key.

Source: Meshes API wire contract, sections 2.3 and 6.
"""

from __future__ import annotations

import pytest

from deliveries.models import Delivery, Event
from meshes.workspaces import create_workspace
from tests.builders import make_rule, make_workspace
from tests.contract.machine import make_machine
from tests.contract.shapes import ID, TIME, WORD, fits, refusal, strict
from tests.deliveries.senders import BULK, EVENT, EVENTS, stored

RECORD = strict(
    {"id": ID, "type": {"const": "event"}, "event": WORD, "workspace": ID}
    | {"resource": WORD, "created_by": WORD, "created_at": TIME},
    optional={"resource_id": WORD},
)


def named(workspace):
    return {**EVENT, "workspace": str(workspace.pk)}


def test_an_event_goes_into_the_workspace_that_it_names(machine, workspace):
    rule = make_rule(workspace=workspace)
    make_rule(workspace=make_workspace(organization=machine.key.organization))

    made = fits(machine.ask("POST", EVENTS, named(workspace), status=201)["event"], RECORD)

    assert made["workspace"] == str(workspace.pk)
    assert made["created_by"] == "machine key: Tests"
    assert list(Delivery.objects.values_list("rule_id", flat=True)) == [rule.pk]


@pytest.mark.parametrize("value", [None, "w" * 36, 5, ""], ids=["null", "text", "number", "empty"])
def test_a_workspace_that_is_no_id_is_refused(machine, workspace, value):
    body = {**EVENT, "workspace": value}

    error = refusal(machine.call("POST", EVENTS, body), 400, "BadRequest")

    assert error["data"] == [{"param": "workspace", "msg": "must be a UUID"}]
    assert stored() == (0, 0, 0)


def test_an_event_without_a_workspace_is_refused(machine):
    error = refusal(machine.call("POST", EVENTS, EVENT), 400, "BadRequest")

    assert error["data"] == [{"param": "workspace", "msg": "is required with a machine key"}]
    assert stored() == (0, 0, 0)


def test_a_bulk_request_may_serve_many_workspaces_and_refuses_strangers(machine, workspace):
    other = make_workspace(organization=machine.key.organization)
    stranger = make_machine().key.organization
    items = [named(workspace), named(make_workspace(organization=stranger)), named(other)]

    body = machine.ask("POST", BULK, items, status=207)

    assert (body["count"], body["error_count"]) == (3, 1)
    assert [one.get("workspace") for one in body["records"]] == [
        str(workspace.pk),
        None,
        str(other.pk),
    ]
    assert body["records"][1]["error"]["data"] == [
        {"param": "[1].workspace", "msg": "must be a workspace that the machine key may use"}
    ]
    assert set(Event.objects.values_list("workspace", flat=True)) == {workspace.pk, other.pk}


def test_a_bulk_request_costs_as_many_queries_for_one_workspace_as_for_ten_events(
    machine, workspace, django_assert_max_num_queries
):
    machine.ask("POST", EVENTS, named(workspace), status=201)

    with django_assert_max_num_queries(8):
        machine.ask("POST", BULK, [named(workspace)] * 10, status=201)


def test_a_repeat_is_answered_as_before_and_by_its_own_key_only(machine, workspace):
    first = machine.call("POST", EVENTS, named(workspace), Idempotency_Key="once")
    again = machine.call("POST", EVENTS, named(workspace), Idempotency_Key="once")
    other = make_machine(machine.key.organization)

    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    answer = other.call("POST", EVENTS, named(workspace), Idempotency_Key="once")
    refusal(answer, 409, "Conflict")
    assert Event.objects.count() == 1


def test_a_publishable_key_goes_before_a_token(machine):
    workspace, key = create_workspace("Other", organization=machine.key.organization, by="t")

    answer = machine.call("POST", EVENTS, EVENT, X_Meshes_Publishable_Key=key.key)

    assert answer.status_code == 201
    assert answer.json()["event"]["workspace"] == str(workspace.pk)
    assert answer.json()["event"]["created_by"] == "publishable key: Default"


def test_a_publishable_key_opens_nothing_but_posting(machine, workspace):
    _, key = create_workspace("Other", organization=machine.key.organization, by="t")

    answer = machine.client.get(
        f"/api/v1/workspaces/{workspace.pk}", headers={"X-Meshes-Publishable-Key": key.key}
    )

    refusal(answer, 401, "Unauthorized")
