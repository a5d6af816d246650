"""What every address of the API has in common: bodies, slashes, methods, budgets, queries."""

from __future__ import annotations

import pytest

from meshes import throttling
from meshes.models import Workspace
from meshes.throttling import MemoryBuckets
from tests.builders import make_workspace
from tests.contract.shapes import refusal


@pytest.mark.parametrize(
    "path", ["/api/v1//workspaces", "/api/v1/workspaces/", "/api/v1///workspaces/"]
)
def test_every_spelling_of_the_address_works(machine, path):
    assert machine.call("GET", path).status_code == 200


def test_what_a_get_sends_along_is_never_read(machine):
    assert machine.call("GET", "/workspaces", b"{broken").status_code == 200
    assert machine.call("GET", "/workspaces?limit=x&cursor=%00&a=b").status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/xml;q=0.9", "garbage", ""])
def test_json_is_answered_whatever_is_accepted(machine, accept):
    answer = machine.call("GET", "/workspaces", Accept=accept, Idempotency_Key="k", X_Odd="1")

    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT", "TRACE", "BREW"])
def test_a_method_that_the_address_does_not_take_is_a_405(machine, method):
    answer = machine.call(method, "/workspaces")

    refusal(answer, 405, "MethodNotAllowed")
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_a_head_has_the_headers_of_a_get_and_no_body(machine):
    answer = machine.call("HEAD", "/workspaces")

    assert (answer.status_code, answer.content) == (200, b"")


def test_options_tell_the_methods_to_anybody(client):
    answer = client.options("/api/v1/workspaces")

    assert answer.json() == {"allow": ["GET", "POST", "HEAD", "OPTIONS"]}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml"]
)
def test_a_body_that_is_not_json_by_its_header_is_refused(machine, kind):
    headers = {"Authorization": f"Bearer {machine.token()}"}

    answer = machine.client.post("/api/v1/workspaces", "name=x", content_type=kind, headers=headers)

    refusal(answer, 415, "UnsupportedMediaType")


def test_a_body_beyond_the_limit_is_refused(machine, settings):
    settings.MAX_API_BYTES = 1024

    answer = machine.call("POST", "/workspaces", {"name": "n" * 1024})

    refusal(answer, 413, "PayloadTooLarge")
    assert not Workspace.objects.exists()


def test_a_request_costs_the_key_and_its_own_rows(
    machine,
    workspace,
    django_assert_num_queries,
):
    machine.ask("GET", "/workspaces")
    for _ in range(5):
        make_workspace(organization=machine.key.organization)

    with django_assert_num_queries(2):
        machine.ask("GET", "/workspaces")
    with django_assert_num_queries(3):
        machine.ask("GET", f"/workspaces/{workspace.pk}")


def test_a_key_that_asks_too_often_waits_and_other_keys_do_not(
    machine,
    settings,
    monkeypatch,
):
    monkeypatch.setattr(throttling, "_memory", MemoryBuckets())
    monkeypatch.setattr(throttling, "SLOWEST_PER_SECOND", 0.01)
    settings.THROTTLE_API_PER_SECOND, settings.THROTTLE_API_BURST = 0.0, 3
    for _ in range(3):
        machine.ask("GET", "/workspaces")

    answer = machine.call("POST", "/workspaces", {"name": "Too much"})

    error = refusal(answer, 429, "TooManyRequests")
    assert error["message"].startswith("This key asks too often; try again in ")
    assert 0 < int(answer.headers["Retry-After"]) <= 100
    assert not Workspace.objects.exists()
    throttling.take(machine.key.pk, budget=throttling.EVENTS)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic bWs6cw==", "Token {0}", "Bearer {0} x", "{0}", "Bearer {0}."],
)
def test_a_token_that_is_not_presented_as_a_bearer_opens_nothing(machine, header):
    answer = machine.call("GET", "/workspaces", Authorization=header.format(machine.token()))

    refusal(answer, 401, "Unauthorized")


@pytest.mark.parametrize("header", ["bearer {0}", "BEARER  {0} "])
def test_the_word_bearer_may_be_spelled_in_any_case(machine, header):
    answer = machine.call("GET", "/workspaces", Authorization=header.format(machine.token()))

    assert answer.status_code == 200
