"""What the two addresses refuse, and that a refusal leaves nothing behind."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from uuid import UUID

import pytest
from django.test import Client

from meshes import throttling
from meshes.throttling import MemoryBuckets
from tests.deliveries.senders import BULK, EVENT, EVENTS, give_rules, refused, stored

KIB = 1024
ADDRESSES = [EVENTS, BULK]
TAKEN = {EVENTS: ["GET", "POST", "HEAD", "OPTIONS"], BULK: ["POST", "OPTIONS"]}


@pytest.fixture(autouse=True)
def _rule(request):
    """A rule that would match, so that a refusal cannot pass for want of one."""
    give_rules(request.getfixturevalue("api").workspace, 1)


def of_size(size: int, *, bulk: bool = False) -> bytes:
    """A good body of exactly this many bytes."""
    body = json.dumps([EVENT] if bulk else EVENT).encode()
    return body + b" " * (size - len(body))


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("body", [b"", b"  \r\n\t", b"{", b'{"a": NaN}', b"\xff", b"[" * 70])
def test_a_body_that_is_no_json_is_refused(api, path, body):
    refused(api.post(path, body), 400, "BadRequest")


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (EVENTS, '{"event": "a", "event": "b", "payload": {"x": 1}}', "event"),
        (EVENTS, '{"event": "a", "payload": {"x": 1, "email": "a@b.io", "x": 2}}', "payload.x"),
        (EVENTS, '{"event": "a", "payload": {"x": "\\u0000"}}', "payload.x"),
        (EVENTS, '{"event": "\\u0000", "payload": {"x": 1}}', "event"),
        (EVENTS, '{"event": "a", "payload": {"x": 1e400}}', "payload.x"),
        (BULK, '[{"event": "a", "payload": {"x": 1, "x": 2}}]', "[0].payload.x"),
        (EVENTS, '{"event": "a", "payload": {}}', "payload"),
        (EVENTS, '{"event": "a", "payload": {"x": 1}, "workspace": "other"}', "workspace"),
        (BULK, "[5]", "[0]"),
    ],
)
def test_a_fault_is_named_by_its_place(api, path, body, param):
    error = refused(api.post(path, body), 400, "BadRequest")

    assert [fault["param"] for fault in error["data"]] == [param]


def test_no_refusal_repeats_what_was_sent(api):
    secret = "canary-4711@northstar"

    answer = api.emit({"event": 5, "resource_id": secret, "payload": {"email": secret, "id": []}})

    refused(answer, 400, "BadRequest")
    assert secret not in answer.text


@pytest.mark.parametrize("body", ["{}", '{"events": []}', "[]", "null", "5"])
def test_a_bulk_body_that_is_no_array_of_events_is_refused(api, body):
    refused(api.post(BULK, body), 400, "BadRequest")


def test_a_bulk_request_of_more_than_a_hundred_is_refused(api):
    refused(api.post(BULK, [EVENT] * 101), 400, "BadRequest")


def test_a_bulk_request_without_one_good_event_is_refused(api):
    error = refused(api.post(BULK, [{}, {"event": "a"}]), 400, "BadRequest")

    assert error["message"] == "None of the events is valid."


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json; charset=utf-16",
        "json",
    ],
)
def test_another_content_type_is_refused(api, kind):
    headers = {"X-Meshes-Publishable-Key": api.key}

    answer = api.client.generic("POST", EVENTS, json.dumps(EVENT), kind, headers=headers)

    refused(answer, 415, "UnsupportedMediaType")


def test_a_packed_body_is_refused_for_what_it_is(api):
    headers = {"X-Meshes-Publishable-Key": api.key, "Content-Encoding": "gzip"}
    packed = gzip.compress(json.dumps(EVENT).encode())

    answer = api.client.generic("POST", EVENTS, packed, "application/json", headers=headers)

    error = refused(answer, 415, "UnsupportedMediaType")
    assert error["message"] == "Send the body as it is, without Content-Encoding."


@pytest.mark.parametrize(
    "kind", ["", "application/json; charset=utf-8", 'Application/JSON; charset="UTF-8"']
)
def test_json_by_any_usual_name_or_none_is_accepted(api, kind):
    headers = {"X-Meshes-Publishable-Key": api.key}

    answer = api.client.generic("POST", EVENTS, json.dumps(EVENT), kind, headers=headers)

    assert answer.status_code == 201


@pytest.mark.parametrize(("path", "kib"), [(EVENTS, 256), (BULK, 5 * 1024)])
def test_a_body_beyond_the_limit_is_refused_and_one_at_it_is_not(api, path, kib):
    bulk = path == BULK

    error = refused(api.post(path, of_size(kib * KIB + 1, bulk=bulk)), 413, "PayloadTooLarge")

    assert error["message"] == f"The body is larger than {kib} KiB."
    assert api.post(path, of_size(kib * KIB, bulk=bulk)).status_code == 201


def test_a_body_that_announces_too_much_is_not_read(api):
    class Unreadable:
        def read(self, *_):
            raise AssertionError

        readline = read

    answer = api.client.post(
        EVENTS,
        content_type="application/json",
        headers={"X-Meshes-Publishable-Key": api.key},
        CONTENT_LENGTH="99999999999",
        **{"wsgi.input": Unreadable()},
    )

    refused(answer, 413, "PayloadTooLarge")


@pytest.mark.parametrize("length", ["", "x", "-5"])
def test_a_length_that_is_no_size_is_refused(api, length):
    headers = {"X-Meshes-Publishable-Key": api.key}

    answer = api.client.generic(
        "POST", EVENTS, "{}", "application/json", headers=headers, CONTENT_LENGTH=length
    )

    refused(answer, 400, "BadRequest")


@pytest.mark.parametrize(("size", "status"), [(1024, 201), (256 * KIB + 1, 413)])
def test_a_body_in_chunks_is_read_up_to_the_limit(api, size, status):
    headers = {"X-Meshes-Publishable-Key": api.key, "Transfer-Encoding": "chunked"}
    stream = {"wsgi.input": BytesIO(of_size(size)), "wsgi.input_terminated": True}

    answer = api.client.post(EVENTS, content_type="application/json", headers=headers, **stream)

    assert answer.status_code == status
    assert stored()[0] == (status == 201)


class BrokenChunks(BytesIO):
    """A body whose chunks the server cannot tell apart."""

    def read(self, _size: int | None = None) -> bytes:
        raise LookupError("ZZ is no size")


def test_broken_chunks_are_the_senders_fault(api):
    headers = {"X-Meshes-Publishable-Key": api.key, "Transfer-Encoding": "chunked"}
    stream = {"wsgi.input": BrokenChunks(), "wsgi.input_terminated": True}

    answer = api.client.post(EVENTS, content_type="application/json", headers=headers, **stream)

    refused(answer, 400, "BadRequest")


@pytest.mark.parametrize(("path", "allowed"), TAKEN.items())
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_another_method_is_refused_before_the_key_is_asked_for(api, path, allowed, method):
    if method in allowed:
        pytest.skip("this address reads, too")

    answer = api.client.generic(method, path)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == ", ".join(allowed)
    assert answer.headers["Content-Type"] == "application/json"
    assert stored() == (0, 0, 0)


@pytest.mark.parametrize(("path", "allowed"), TAKEN.items())
def test_options_says_which_methods_there_are_to_anybody(api, path, allowed):
    answer = api.client.options(path)

    assert (answer.status_code, answer.json()) == (200, {"allow": allowed})
    assert answer.headers["Allow"] == ", ".join(allowed)


@pytest.mark.parametrize(
    "path",
    ["/api/v1/events/", "/api/v1//events", "/api/v1///events/", "/api/v1/events?x=1&format=xml"],
)
def test_slashes_too_many_and_unknown_parameters_are_fine(api, path):
    assert api.post(path, EVENT).status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/events/bulk/", "/api/v1//events/bulk"])
def test_slashes_too_many_are_fine_for_bulk_as_well(api, path):
    assert api.post(path, [EVENT]).status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/event", "/api/v1/events/bulk/x", "/api/events", "/api/"])
def test_other_addresses_are_not_found_in_json(api, path):
    refused(api.post(path, EVENT), 404, "NotFound")


@pytest.mark.parametrize("accept", ["text/html", "image/png", "*/*", "nonsense"])
def test_whatever_is_asked_for_the_answer_is_json(api, accept):
    answer = api.post(EVENTS, EVENT, Accept=accept)

    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"


class StillBuckets(MemoryBuckets):
    """Buckets into which nothing drips back, however slow this machine is."""

    def take(self, key, *, now, **asked):
        return super().take(key, now=0.0, **asked)


def test_a_key_that_sends_too_fast_is_told_to_wait(api, settings, monkeypatch):
    monkeypatch.setattr(throttling, "_memory", StillBuckets())
    settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 0.0, 100
    for _ in range(100):
        assert api.post(EVENTS, b"{").status_code == 400

    answer = api.emit(EVENT)

    refused(answer, 429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "1"


def test_a_bulk_request_counts_its_items_and_stores_none_when_it_must_wait(
    api, settings, monkeypatch
):
    monkeypatch.setattr(throttling, "_memory", StillBuckets())
    settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 0.0, 150
    assert api.post(BULK, [{}] * 100).status_code == 400

    answer = api.post(BULK, [EVENT] * 100)

    refused(answer, 429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "50"
    assert api.post(BULK, [EVENT] * 49).status_code == 201


@pytest.mark.parametrize(("path", "body"), [(EVENTS, EVENT), (BULK, [EVENT])])
def test_a_failure_while_storing_leaves_nothing_half(api, monkeypatch, caplog, path, body):
    give_rules(api.workspace, 2)
    same = UUID("6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77")
    monkeypatch.setattr("deliveries.planning.uuid4", lambda: same)
    api.client = Client(raise_request_exception=False)

    answer = api.post(path, body, Idempotency_Key="k")

    refused(answer, 500, "InternalServerError")
    assert str(same) not in answer.text + caplog.text
