"""Every fault switch over real HTTP: what a client sees, and whether the write happened."""

import time

import pytest
import requests

from connections.destinations.activecampaign.sandbox.fault_kinds import KINDS

HTML = "text/html; charset=UTF-8"
JSON = "application/json"

# name, options, status, content type, start of the body, whether the contact exists then
ANSWERS = [
    ("rate_limit", {}, 429, JSON, '{"message":"Too Many Requests"}', False),
    ("rate_limit_503", {}, 503, HTML, "<!DOCTYPE html>", False),
    ("server_error", {}, 500, HTML, "<!DOCTYPE html>", False),
    ("server_error", {"status": 504, "apply": True}, 504, HTML, "<!DOCTYPE html>", True),
    ("cloudflare_502", {}, 502, JSON, '{"type":"https:\\/\\/developers.cloudflare', False),
    ("login_page", {}, 200, HTML, "<!DOCTYPE html>", False),
    ("forbidden_empty", {}, 403, None, "", False),
    ("forbidden_intermittent", {"probability": 1.0}, 403, None, "", False),
    ("forbidden_json", {}, 403, JSON, '{"message":"Forbidden"}', False),
    ("permission_denied", {}, 403, "text/plain", '{"errors":[{"status":403,', False),
    ("payment_required", {}, 402, JSON, '{"message":"Payment Required"}', False),
    ("unauthorized", {}, 401, JSON, '{"message":"Unauthorized"}', False),
    ("redirect", {"location": "http://127.0.0.1:1/"}, 302, JSON, "", False),
    (
        "status",
        {"status": 408, "body": "x", "content_type": "text/plain"},
        408,
        "text/plain",
        "x",
        False,
    ),
    ("huge", {"bytes": 500_000}, 200, JSON, '{"filler": "xxx', False),
    ("empty_body", {}, 201, None, "", True),
    ("json_as_html", {}, 201, HTML, '{"contact":', True),
    ("same_status", {"status": 200}, 200, JSON, '{"contact":', True),
    ("wrong_contact", {}, 201, JSON, '{"contact":', True),
]
DROPPED = [
    ("reset", {}, False),
    ("reset", {"apply": True}, True),
    ("reset_after_write", {}, True),
    ("hang", {"seconds": 0.05}, False),
    ("hang", {"seconds": 0.05, "apply": True}, True),
    ("truncate", {}, True),
]
ELSEWHERE = {"latency", "drip", "collection_not_found"}


@pytest.mark.parametrize(("name", "options", "status", "kind", "body", "written"), ANSWERS)
def test_an_answer_fault_fires_once_and_then_all_is_well(
    wire, server, name, options, status, kind, body, written
):
    server.faults.set(name, count=1, **options)

    answer = wire("POST", "contact/sync", {"contact": {"email": "a@x.com"}}, allow_redirects=False)

    assert answer.status_code == status
    assert answer.headers.get("Content-Type") == kind
    assert answer.text.startswith(body)
    assert (server.state.contact_by_email("a@x.com") is not None) is written
    assert server.state.requests[-1].fault == name
    assert wire.sync("b@example.com").status_code == 201


@pytest.mark.parametrize(("name", "options", "written"), DROPPED)
def test_a_dropped_connection_leaves_the_write_done_or_undone(wire, server, name, options, written):
    server.faults.set(name, count=1, **options)

    with pytest.raises(requests.exceptions.RequestException):
        wire.sync("a@example.com")

    assert (server.state.contact_by_email("a@example.com") is not None) is written
    assert server.state.requests[-1].fault == name
    assert wire.sync("b@example.com").status_code == 201


def test_the_tables_here_and_the_behavior_tests_cover_every_switch():
    covered = {row[0] for row in ANSWERS} | {row[0] for row in DROPPED} | ELSEWHERE
    behavior = {kind.name for kind in KINDS.values() if kind.stage == "behavior"}

    assert covered | behavior == set(KINDS)
    assert not covered & behavior


def test_a_reset_is_a_real_reset(wire, server):
    server.faults.set("reset_after_write", count=1)

    with pytest.raises(requests.exceptions.ConnectionError, match="Connection reset by peer"):
        wire.sync("a@example.com")

    assert [row.outcome for row in server.state.requests] == ["reset"]


def test_retry_after_is_set_by_the_switch(wire, server):
    server.faults.set("rate_limit", count=1, retry_after=7)
    assert wire("GET", "tags").headers["Retry-After"] == "7"

    server.faults.set("cloudflare_502", count=1, retry_after=9)
    assert wire("GET", "tags").json()["retry_after"] == 9


def test_a_collection_is_404_while_single_things_and_writes_work(wire, server):
    wire.sync("a@example.com")
    server.faults.set("collection_not_found")

    assert wire("GET", "contacts?email=a@example.com").status_code == 404
    assert wire("GET", "contacts/1").status_code == 200
    assert wire.sync("a@example.com").status_code == 200


def test_skip_method_path_and_count_choose_the_requests(wire, server):
    server.faults.set("server_error", method="GET", path="tags*", skip=1, count=2)

    paths = ["lists", "tags", "tags", "tags/1", "tags"]

    assert [wire("GET", path).status_code for path in paths] == [200, 200, 500, 500, 200]


def test_a_probability_hits_some_requests_the_same_ones_each_time(wire, server):
    runs = []
    for _ in range(2):
        server.faults.clear()
        server.faults.set("forbidden_intermittent", probability=0.5)
        runs.append([wire("GET", "users/me").status_code for _ in range(20)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 403}


def test_latency_delays_and_a_drip_is_slow_but_whole(wire, server):
    server.faults.set("latency", seconds=0.15)
    server.faults.set("drip", seconds=0.3)
    started = time.monotonic()

    answer = wire("GET", "users/me")

    assert answer.json()["user"]["id"] == "1"
    assert time.monotonic() - started >= 0.4


def test_a_cleared_switch_is_off(wire, server):
    server.faults.set("payment_required")
    server.faults.set("unauthorized")
    server.faults.clear("payment_required")
    assert [fault["name"] for fault in server.faults.active()] == ["unauthorized"]

    server.faults.clear()
    assert wire("GET", "users/me").status_code == 200


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("nonsense", {}, "There is no fault named nonsense"),
        ("rate_limit", {"count": -1}, "count must be a whole number"),
        ("rate_limit", {"probability": 2}, "probability must be a number from 0 to 1"),
        ("rate_limit", {"seconds": 1}, "rate_limit has no option seconds"),
        ("hang", {"seconds": "long"}, "seconds must be a number of seconds"),
        ("server_error", {"status": True}, "status must be a whole number"),
        ("server_error", {"path": 5}, "path must be text"),
    ],
)
def test_a_bad_switch_is_refused_with_a_sentence(server, name, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        server.faults.set(name, **options)

    assert server.faults.active() == []
