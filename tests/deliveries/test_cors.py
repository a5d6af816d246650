"""Browsers may post events from any page, and may call nothing else."""

from __future__ import annotations

import pytest

from tests.deliveries.senders import BULK, EVENT, EVENTS, refused

PAGE = "https://app.northstar.io"
SENT_BY_CLIENTS = (
    "accept,content-type,idempotency-key,x-meshes-client,x-meshes-publishable-key,x-request-id"
)


def preflight(client, path, **over):
    headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": SENT_BY_CLIENTS,
        **over,
    }
    return client.options(path, headers=headers)


def cors(answer):
    return {name for name in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize("path", [EVENTS, BULK, "/api/v1//events", "/api/v1/events/bulk/"])
@pytest.mark.parametrize("origin", [PAGE, "null", "http://localhost:3000"])
def test_a_preflight_from_any_page_is_answered(client, path, origin):
    answer = preflight(client, path, Origin=origin)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    allowed = set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert set(SENT_BY_CLIENTS.split(",")) <= allowed
    assert "POST" in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("path", [EVENTS, BULK])
def test_the_page_may_read_the_answer_and_what_it_must_know_of_it(api, path):
    answer = api.post(path, EVENT if path == EVENTS else [EVENT], Origin=PAGE)

    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After, Idempotency-Replayed"


@pytest.mark.parametrize("debug", [False, True])
def test_the_page_may_read_a_refusal_as_well(api, settings, debug):
    settings.DEBUG = debug

    answer = api.post(EVENTS, b"{", Origin=PAGE)

    refused(answer, 400, "BadRequest")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/rules",
        "/api/v1/connections",
        "/api/v1/events/x",
        "/api/schema/",
        "/admin/login/",
        "/",
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_nothing_else_is_open_to_pages(db, client, path, method):
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}

    assert cors(client.generic(method, path, headers=headers)) == set()


def test_a_broken_origin_is_harmless(api):
    assert api.post(EVENTS, EVENT, Origin="http://[").status_code == 201
