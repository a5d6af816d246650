"""A rule's metadata: what clients may send along, and our additions inside it.

Source: Meshes API wire contract, section 12.2.
"""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from rules.models import Rule
from tests.builders import make_account, make_catalog, make_connection, make_rule
from tests.contract.ruling import RULE, rule_body
from tests.contract.shapes import fits, refusal

TAG = {"action": "add_tag", "id": "12"}
KNOWN = (
    "name value key data option option_value subject from body title template event_name_override"
)


@pytest.fixture
def connection(workspace):
    """A connection whose account was read."""
    account = make_account(catalog_refreshed_at=timezone.now())
    make_catalog(account)
    return make_connection(workspace=workspace, account=account)


def post(machine, connection, **metadata):
    return machine.call("POST", "/rules", rule_body(connection, metadata={**TAG, **metadata}))


def test_a_page_and_a_step_travel_as_a_text(machine, connection):
    sent = '{"page_id":"page_connect-crm","sequence_step":"3"}'

    made = fits(post(machine, connection, conditions=sent).json()["rule"], RULE)

    rule = Rule.objects.get()
    assert (rule.page_id, rule.sequence_step) == ("page_connect-crm", "3")
    assert made["metadata"]["conditions"] == sent


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ({"page_id": 7}, ("7", "")),
        ({"sequence_step": 3}, ("", "3")),
        ({"sequence_step": "03"}, ("", "3")),
        ({"page_id": "", "sequence_step": 3.0}, ("", "3")),
        ({}, ("", "")),
    ],
    ids=str,
)
def test_conditions_are_kept_in_the_spelling_that_is_compared(machine, connection, sent, asked):
    made = post(machine, connection, conditions=json.dumps(sent)).json()["rule"]

    rule = Rule.objects.get()
    assert (rule.page_id, rule.sequence_step) == asked
    said = json.loads(made["metadata"].get("conditions", "{}"))
    assert (said.get("page_id", ""), said.get("sequence_step", "")) == asked


@pytest.mark.parametrize(
    "sent",
    [
        "page_connect-crm",
        "[]",
        '"x"',
        "{",
        '{"page_id":null}',
        '{"page_id":true}',
        '{"page_id":["x"]}',
        '{"page_id":"a","page_id":"b"}',
        '{"page":"x"}',
        '{"page_id":" "}',
        json.dumps({"page_id": "x" * 201}),
        json.dumps({"sequence_step": "x" * 65}),
        {"page_id": "x"},
        None,
    ],
    ids=str,
)
def test_conditions_that_nobody_can_read_are_refused(machine, connection, sent):
    data = refusal(post(machine, connection, conditions=sent), 400, "BadRequest")["data"]

    assert {one["param"] for one in data} == {"metadata.conditions"}
    assert not Rule.objects.exists()


@pytest.mark.parametrize("name", ["resubscribe", "restart"])
def test_the_switches_of_a_rule_travel_as_texts(machine, connection, name):
    action = {"restart": TAG, "resubscribe": {"action": "add_to_list", "id": "3"}}[name]

    made = post(machine, connection, **action, **{name: "true"}).json()["rule"]

    assert getattr(Rule.objects.get(), name) is True
    assert made["metadata"][name] == "true"


@pytest.mark.parametrize("value", ["yes", "", True, None])
def test_a_switch_is_the_text_true_or_false(machine, connection, value):
    data = refusal(post(machine, connection, restart=value), 400, "BadRequest")["data"]

    assert [one["param"] for one in data] == ["metadata.restart"]


def test_what_is_not_acted_on_is_kept_and_answered(machine, connection):
    sent = dict.fromkeys(KNOWN.split(), "x") | {"team": "growth"}

    made = fits(post(machine, connection, **sent).json()["rule"], RULE)

    assert made["metadata"] == {**TAG, **sent, "name": "step-3-complete"}
    assert machine.ask("GET", f"/rules/{made['id']}")["metadata"] == made["metadata"]


def test_the_name_is_the_accounts_own(machine, connection):
    sent = {"action": "sync_contact", "name": "As sent"}
    made = [
        post(machine, connection, name="As sent").json()["rule"]["metadata"]["name"],
        machine.ask("POST", "/rules", rule_body(connection, metadata=sent), status=201),
    ]

    assert made[0] == "step-3-complete"
    assert made[1]["rule"]["metadata"] == sent
    assert [rule.metadata for rule in Rule.objects.order_by("created_at")] == [
        {},
        {"name": "As sent"},
    ]


@pytest.mark.parametrize("name", KNOWN.split())
def test_a_known_key_holds_a_text(machine, connection, name):
    data = refusal(post(machine, connection, **{name: 5}), 400, "BadRequest")["data"]

    assert [one["param"] for one in data] == [f"metadata.{name}"]


@pytest.mark.parametrize("value", [5, True, ["a"], {"a": None}], ids=str)
def test_a_further_key_holds_anything(machine, connection, value):
    made = post(machine, connection, team=value).json()["rule"]

    assert made["metadata"]["team"] == value


def test_too_much_to_keep_is_refused(machine, connection):
    data = refusal(post(machine, connection, team="x" * 8200), 400, "BadRequest")["data"]

    assert [one["param"] for one in data] == ["metadata"]
    assert not Rule.objects.exists()


def test_a_rule_deleted_and_posted_again_is_the_same_rule(machine, connection):
    first = post(
        machine, connection, conditions='{"sequence_step":"3"}', restart="true", team="growth"
    ).json()["rule"]
    machine.ask("DELETE", f"/rules/{first['id']}")

    again = machine.ask("POST", "/rules", first, status=201)["rule"]

    fleeting = {"id", "created_at", "updated_at"}
    assert {k: v for k, v in again.items() if k not in fleeting} == {
        k: v for k, v in first.items() if k not in fleeting
    }


def test_a_rule_that_staff_made_shows_what_it_asks(machine, connection):
    rule = make_rule(connection=connection, page_id="é", sequence_step="3", restart=True)

    shown = fits(machine.ask("GET", f"/rules/{rule.pk}"), RULE)["metadata"]

    assert shown == {
        "action": "add_tag",
        "id": "12",
        "name": "step-3-complete",
        "conditions": '{"page_id":"é","sequence_step":"3"}',
        "restart": "true",
    }
