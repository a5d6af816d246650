"""The bulk importer's requests and answers, and the verbs on a real sandbox."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connections.destinations import errors
from connections.destinations.activecampaign import bulk_wire as wire
from connections.destinations.activecampaign.bulk import BULK
from connections.destinations.base import Answer, Exchange, Job
from connections.destinations.bulk import BulkItem, BulkSeen, BulkStatus

ADA = BulkItem(Job("add_tag", "ada@example.com", target_id="64"), "Trial started")
FIELDS = {"firstName": "Ada", "lastName": "Poe", "phone": "+1", "8": "Gold", "9": ["A", "B"]}
RICH = BulkItem(replace(ADA.job, values=FIELDS, field_types={"8": "enum", "9": "multi_enum"}), "t")
POSTED = Exchange("POST", "/import/bulk_import", "all of them", 200, {}, "", 1.0, 80)


def answering(*bodies: Any, status: int = 200) -> Any:
    left = list(bodies)
    sent = []

    def call(request: Any) -> Answer:
        sent.append(request)
        body = left.pop(0)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Answer(status, {"content-type": "text/html"}, raw, 5)

    return call, sent


def test_a_person_carries_the_fields_under_the_importers_own_names():
    assert wire.contact(RICH) == {
        "email": "ada@example.com", "tags": ["t"], "first_name": "Ada", "last_name": "Poe",
        "phone": "+1", "fields": [{"id": 8, "value": "Gold"}, {"id": 9, "value": "||A||B||"}],
    }  # fmt: skip


def test_fields_that_are_held_already_are_left_out():
    bare = replace(RICH, with_fields=False)

    assert wire.contact(bare) == {"email": "ada@example.com", "tags": ["t"]}


def test_automations_run_and_the_switch_stands_at_the_top():
    request = wire.post([ADA])

    assert (request.method, request.path) == ("POST", "/import/bulk_import")
    assert request.body == {
        "contacts": [{"email": "ada@example.com", "tags": ["Trial started"]}],
        "exclude_automations": False,
    }


def test_no_request_has_more_than_250_people_or_399999_bytes():
    long = replace(RICH, job=replace(RICH.job, values={"firstName": "ä" * 500}))
    number = BULK.fitting([long] * 300)

    assert BULK.fitting([ADA] * 300) == 250
    assert BULK.fitting([ADA] * 3) == 3
    assert 0 < number < 250
    assert len(json.dumps(wire.post([long] * number).body)) <= 399_999
    assert len(json.dumps(wire.post([long] * (number + 1)).body)) > 399_999


def test_the_id_is_read_from_an_answer_that_calls_itself_a_page():
    call, sent = answering({"success": 1, "queued_contacts": 1, "batchId": "3840", "message": "q"})

    assert BULK.post(call, [ADA]) == "3840"
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("status", "body", "unqueued"),
    [
        (400, {"success": 0, "message": "Rate limit exceeded."}, True),
        (400, {"success": 0, "failureReasons": ["Invalid or unparsable json"]}, True),
        (401, {}, True),
        (403, b"", True),
        (429, b"", True),
        (500, b"<html>", False),
        (200, b"<html>Log in</html>", False),
        (200, {"success": 1}, False),
        (200, {"success": 1, "batchId": 5}, False),
    ],
)
def test_only_a_refusal_proves_that_nothing_was_queued(status, body, unqueued):
    call, _ = answering(body, status=status)

    with pytest.raises(errors.DestinationError) as caught:
        BULK.post(call, [ADA])

    assert BULK.is_unqueued(caught.value) is unqueued


@pytest.mark.parametrize(
    ("error", "unqueued"),
    [
        (errors.TimedOut("timeout", "x", sent=False), True),
        (errors.TimedOut("timeout", "x", sent=True), False),
        (errors.Unreachable("connection_refused", "x"), True),
        (errors.Unreachable("connection_reset", "x"), False),
    ],
)
def test_a_broken_connection_proves_it_only_before_sending(error, unqueued):
    assert BULK.is_unqueued(error) is unqueued


def test_the_importers_limit_is_a_400_that_asks_for_a_minute():
    call, _ = answering({"success": 0, "message": "Rate limit exceeded."}, status=400)

    with pytest.raises(errors.RateLimited) as caught:
        BULK.post(call, [ADA])

    assert caught.value.retry_after_s == 60.0


@pytest.mark.parametrize("word", [False, "waiting", "claimed", "active", "something new"])
def test_an_import_goes_on_until_a_word_says_that_it_ended(word):
    call, _ = answering({"status": word, "success": [], "failure": []})

    assert not BULK.status(call, "3840").ended


@pytest.mark.parametrize("word", ["completed", "failed", "interrupted", "Completed"])
def test_an_ended_import_says_whom_it_took_and_whom_it_refused(word):
    call, (sent) = answering({"status": word, "success": ["123", 124], "failure": ["bad@invalid"]})

    status = BULK.status(call, "3840")

    assert status == BulkStatus(True, word.lower(), ("123", "124"), ("bad@invalid",))
    assert sent[0].query == (("batchId", "3840"),)


@pytest.mark.parametrize(
    ("outstanding", "idle"),
    [
        ([], True),
        ([{"forDate": "2026-03-02", "batches": "0", "contacts": "0"}], True),
        ([{"forDate": "2026-03-02", "batches": "3", "contacts": "750"}], False),
        ([{"forDate": "2026-03-02"}], False),
    ],
)
def test_an_account_is_idle_when_no_import_is_outstanding(outstanding, idle):
    call, _ = answering({"outstanding": outstanding, "recentlyCompleted": []})

    assert BULK.is_idle(call) is idle


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ({"id": "64", "tag": "Trial started", "tagType": "contact"}, "Trial started"),
        ({"id": "64", "tag": "Trial started", "tagType": "template"}, ""),
        ({"id": "65", "tag": "Trial started", "tagType": "contact"}, ""),
        ({"id": "64", "tag": "one,two", "tagType": "contact"}, ""),
        ({"id": "64", "tag": " Trial", "tagType": "contact"}, ""),
    ],
)
def test_a_tag_is_named_only_as_it_was_just_seen(tag, name):
    call, sent = answering({"tag": tag})

    assert BULK.confirmed_name(call, "64") == name
    assert sent[0].path == "/tags/64"


def test_a_tag_that_is_gone_has_no_name():
    call, _ = answering({"message": "No Result found for Tag with id 64"}, status=404)

    assert BULK.confirmed_name(call, "64") == ""


def contacts(**of: str) -> dict[str, Any]:
    links = [
        {"contact": key[1:], "tag": "64", "id": f"9{key[1:]}", "cdate": "2026-03-02T09:15:02-06:00"}
        for key in of
    ]
    rows = [{"id": key[1:], "email": email} for key, email in of.items()]
    return {"contacts": rows, "contactTags": links, "meta": {"total": str(len(rows))}}


def test_people_are_read_back_by_their_ids_a_hundred_at_a_time():
    first = contacts(**{f"c{n}": f"P{n}@x.io" for n in range(1, 101)})
    second = contacts(c101="p101@x.io")
    call, sent = answering(first, second)
    items = [replace(ADA, job=Job("add_tag", f"p{n}@x.io", target_id="64")) for n in range(1, 102)]
    ids = tuple(str(n) for n in range(1, 102))

    found = BULK.read_back(call, items, BulkStatus(True, "completed", ids))

    assert [len(request.query) for request in sent] == [103, 4]
    assert len(found) == 101
    assert found["p7@x.io"] == BulkSeen("7", {"64": "97"}, {"64": 1772464502.0}, read=1)
    assert found["p101@x.io"].read == 2


def test_strangers_that_an_answer_shows_count_for_nothing():
    call, _ = answering(contacts(c1="ada@example.com", c2="eve@example.com"))

    found = BULK.read_back(call, [ADA], BulkStatus(True, "completed", ("9",), ("BAD@x.io",)))

    assert found == {}


def test_a_refused_person_is_known_by_any_spelling():
    call, sent = answering()

    found = BULK.read_back(call, [ADA], BulkStatus(True, "completed", (), ("ADA@Example.com",)))

    assert found == {"ada@example.com": BulkSeen(refused=True)}
    assert sent == []


def test_an_account_that_ignores_the_filter_is_not_read_to_its_end():
    pages = [contacts(c1="eve@example.com") | {"meta": {"total": "90000"}} for _ in range(20)]
    for number, page in enumerate(pages):
        page["contacts"][0]["id"] = str(number + 50)
    call, sent = answering(*pages)

    BULK.read_back(call, [ADA], BulkStatus(True, "completed", ("9",)))

    assert len(sent) == 5


def test_the_share_of_a_request_names_one_person_masked():
    body = json.dumps({"success": 0, "message": "no", "failureReasons": [{"contact": 2}]})
    share = BULK.share(replace(POSTED, response_body=body), ADA, BulkSeen())

    assert json.loads(share.request_body) == {
        "contacts": [{"email": "•••", "tags": ["•••"]}], "exclude_automations": "•••",
    }  # fmt: skip
    assert json.loads(share.response_body) == {"success": 0, "message": "no"}


def test_the_share_of_an_answer_that_was_cut_is_empty():
    assert (
        BULK.share(replace(POSTED, response_body='{"a": "…'), ADA, BulkSeen()).response_body == ""
    )


def test_the_share_of_a_status_is_the_persons_own_line():
    body = '{"status": "completed", "success": ["1", "2", "3'
    asked = replace(POSTED, method="GET", path="/import/info?batchId=3840", response_body=body)

    share = BULK.share(asked, ADA, BulkSeen("2"))

    assert json.loads(share.response_body) == {
        "status": "completed", "success": ["2"], "failure": [],
    }  # fmt: skip


def test_the_share_of_a_reading_is_the_persons_own_contact():
    asked = replace(POSTED, method="GET", path="/contacts?ids[]=•••&ids[]=•••", response_body="…")

    share = BULK.share(asked, ADA, BulkSeen("2", {"64": "34"}))

    assert share.path == "/contacts?ids[]=2&include=contactTags"
    assert json.loads(share.response_body) == {
        "contacts": [{"id": "2"}], "contactTags": [{"contact": "2", "tag": "64", "id": "34"}],
    }  # fmt: skip
