"""Bulk requests: every item in its order, errors beside the good ones, few statements."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deliveries.models import Delivery, Event
from tests.deliveries.senders import BULK, EVENT, EVENTS, give_rules, make_sender, stored


def test_a_bulk_request_stores_every_event_in_the_order_of_the_array(api, clock):
    rules = sorted(rule.pk for rule in give_rules(api.workspace, 2))
    sent = [{**EVENT, "payload": {"email": f"u{i}@x.io"}} for i in range(100)]

    answer = api.post(BULK, sent)

    body = answer.json()
    events = list(Event.objects.order_by("id"))
    assert (answer.status_code, set(body), body["count"]) == (201, {"count", "records"}, 100)
    assert [event.payload for event in events] == [item["payload"] for item in sent]
    assert [record["id"] for record in body["records"]] == [str(event.uuid) for event in events]
    found = Delivery.objects.order_by("id").values_list("event_id", "rule_id", "email")
    assert list(found) == [(event.pk, rule, event.email) for event in events for rule in rules]


def test_a_mixed_bulk_request_stores_the_good_ones_and_answers_in_order(api):
    give_rules(api.workspace, 1)

    answer = api.post(BULK, [EVENT, {"event": ""}, {**EVENT, "event": "other"}])

    body = answer.json()
    assert (answer.status_code, body["count"], body["error_count"]) == (207, 3, 1)
    assert body["records"][1] == {
        "message": "Bad Request",
        "error": {
            "name": "BadRequest",
            "message": "One or more fields are invalid.",
            "data": [
                {"param": "[1].event", "msg": "must not be blank"},
                {"param": "[1].payload", "msg": "is required"},
            ],
        },
    }
    assert [body["records"][i]["event"] for i in (0, 2)] == ["page.completed", "other"]
    assert stored() == (2, 1, 0)


def test_an_item_beyond_its_limit_is_one_error_of_the_bulk(api):
    large = {**EVENT, "payload": {"text": "x" * (256 * 1024)}}

    answer = api.post(BULK, [EVENT, large])

    record = answer.json()["records"][1]
    assert answer.status_code == 207
    assert (record["message"], record["error"]["name"]) == ("Payload Too Large", "PayloadTooLarge")
    assert stored() == (1, 0, 0)


def statements(api, path, body):
    """How many statements a second request of this kind takes."""
    assert api.post(path, body).status_code == 201
    with CaptureQueriesContext(connection) as captured:
        assert api.post(path, body).status_code == 201
    savepoints = sum("SAVEPOINT" in query["sql"] for query in captured)
    return len(captured) - savepoints


@pytest.mark.parametrize("rules", [1, 50])
@pytest.mark.parametrize(
    ("path", "body"), [(EVENTS, EVENT), (BULK, [EVENT]), (BULK, [EVENT] * 100)]
)
def test_the_number_of_statements_depends_on_neither_rules_nor_items(
    api, settings, rules, path, body
):
    settings.THROTTLE_EVENTS_BURST = 1000
    give_rules(api.workspace, rules)

    expected = {"postgresql": 2, "sqlite": 3}[connection.vendor]

    assert statements(api, path, body) == expected


def test_one_event_of_many_rules_and_many_events_are_all_there(api):
    give_rules(api.workspace, 50)

    api.post(BULK, [EVENT] * 100)

    assert stored() == (100, 5000, 0)
    assert Delivery.objects.values("event_id", "rule_id").distinct().count() == 5000


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_on_postgresql_one_event_is_one_statement_that_is_a_transaction_by_itself():
    api = make_sender()
    give_rules(api.workspace, 3)
    api.emit(EVENT)

    with CaptureQueriesContext(connection) as caught:
        assert api.emit(EVENT).status_code == 201

    assert [query["sql"].split()[0] for query in caught.captured_queries] == ["SELECT", "WITH"]


@pytest.mark.parametrize(
    ("spelling", "fault"),
    [
        (
            '{"event": "e", "payload": {"Rosa \\ud83d": 1}}',
            ("[1].payload.Rosa ?", "must have a name without NUL or lone surrogates"),
        ),
        (
            '{"event": "e", "payload": {"name": "A\\u0000"}}',
            ("[1].payload.name", "must be text without NUL"),
        ),
        (
            '{"event": "e", "payload": {"n": 1' + "0" * 100 + "}}",
            ("[1].payload.n", "must not have more than 100 digits"),
        ),
        (
            '{"event": "e", "event": "f", "payload": {"n": 1}}',
            ("[1].event", "must not appear twice in one object"),
        ),
        (
            '{"event": "e", "payload": {"n": 1e999}}',
            ("[1].payload.n", "must be a finite number that 64-bit floating point can hold"),
        ),
    ],
    ids=["half an emoji in a name", "NUL", "long integer", "doubled key", "infinite"],
)
def test_an_item_that_is_not_strict_json_keeps_no_other_out(api, spelling, fault):
    raw = f"[{json.dumps(EVENT)}, {spelling}, {json.dumps(EVENT)}]"

    answer = api.post(BULK, raw)

    body = answer.json()
    assert (answer.status_code, body["count"], body["error_count"]) == (207, 3, 1)
    assert body["records"][1]["error"] == {
        "name": "BadRequest",
        "message": "The event is not strict JSON.",
        "data": [{"param": fault[0], "msg": fault[1]}],
    }
    assert stored() == (2, 0, 0)


def test_a_bulk_of_nothing_but_loose_json_is_refused_with_every_fault(api):
    answer = api.post(BULK, '["\\u0000", {"a": 1, "a": 2}]')

    faults = answer.json()["error"]["data"]
    assert answer.status_code == 400
    assert [fault["param"] for fault in faults] == ["[0]", "[1].a"]
