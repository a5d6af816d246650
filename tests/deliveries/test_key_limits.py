"""A publishable key that may do less than others: fewer events, some origins, some names."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from meshes import throttling
from meshes.models import PublishableKey
from meshes.throttling import MemoryBuckets
from tests.conftest import Api
from tests.deliveries.senders import BULK, EVENT, EVENTS, key_of, refused, stored

SITE = "https://app.northstar.io"
OTHER = {"event": "plan.changed", "payload": {"email": "alex@northstar.io"}}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, settings):
    monkeypatch.setattr(throttling, "_memory", MemoryBuckets())
    settings.WEB_CONCURRENCY, settings.REDIS_URL = 1, ""


def limit(api: Api, **limits: Any) -> None:
    PublishableKey.objects.filter(pk=key_of(api).pk).update(**limits)


@pytest.mark.parametrize("path", [EVENTS, BULK])
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_key_for_some_pages_is_refused_elsewhere(api, path, headers):
    limit(api, allowed_origins=f"http://localhost:3000\n{SITE}")
    body = [EVENT] if path == BULK else EVENT

    error = refused(api.post(path, body, **headers), 403, "Forbidden")

    assert error["message"] == (
        "This publishable key may only be used by pages of the origins that it names."
    )
    assert api.post(path, body, Origin=SITE).status_code == 201


def test_a_page_may_read_why_it_was_refused(api):
    limit(api, allowed_origins=SITE)

    answer = api.emit(EVENT, Origin="https://evil.example")

    assert answer.status_code == 403
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_refused_origin_uses_up_none_of_the_budget(api):
    limit(api, allowed_origins=SITE, events_burst=100, events_per_second=1)
    for _ in range(101):
        api.emit(EVENT, Origin="https://evil.example")

    assert api.post(BULK, [EVENT] * 100, Origin=SITE).status_code == 201


def test_a_key_for_some_events_stores_no_other(api):
    limit(api, allowed_events="page.started\npage.completed")

    error = refused(api.emit(OTHER), 403, "Forbidden")

    assert error["message"] == "This publishable key may not send this event."
    assert error["data"] == [{"param": "event", "msg": "is not among this key's events"}]
    assert api.emit(EVENT).status_code == 201


def test_of_many_events_those_that_the_key_may_not_send_are_errors(api):
    limit(api, allowed_events="page.completed")

    answer = api.post(BULK, [OTHER, EVENT, {"event": "page.completed"}])

    assert answer.status_code == 207
    first, second, third = answer.json()["records"]
    assert first == {
        "message": "Forbidden",
        "error": {
            "name": "Forbidden",
            "message": "This publishable key may not send this event.",
            "data": [{"param": "[0].event", "msg": "is not among this key's events"}],
        },
    }
    assert second["event"] == "page.completed"
    assert third["error"]["name"] == "BadRequest"
    assert answer.json()["error_count"] == 2
    assert stored()[0] == 1


def test_many_events_of_which_none_may_be_sent_are_refused_as_a_whole(api):
    limit(api, allowed_events="page.completed")

    error = refused(api.post(BULK, [OTHER, {"event": "page.completed"}]), 403, "Forbidden")

    assert error["message"] == "This publishable key may send none of these events."
    assert [fault["param"] for fault in error["data"]] == ["[0].event", "[1].payload"]


def test_a_keys_own_limits_stand_in_place_of_the_usual_ones(api, settings):
    settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 1000.0, 5000
    limit(api, events_per_second=1, events_burst=120)

    answers = [api.post(BULK, [EVENT] * 60).status_code for _ in range(3)]

    assert answers == [201, 201, 429]


def test_a_key_may_have_more_than_the_usual_limits(api, settings):
    settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 1.0, 100
    limit(api, events_burst=300)

    assert [api.post(BULK, [EVENT] * 100).status_code for _ in range(3)] == [201] * 3


@pytest.mark.redis
def test_a_keys_own_limits_hold_with_redis_too(api, settings, redis_url):
    settings.REDIS_URL = redis_url
    limit(api, events_per_second=1, events_burst=120)

    answers = [api.post(BULK, [EVENT] * 60).status_code for _ in range(3)]

    assert answers == [201, 201, 429]


def test_limits_cost_no_statement(api):
    counts = []
    for limits in ({}, {"allowed_origins": SITE, "allowed_events": "page.completed"}):
        limit(api, **limits)
        api.emit(EVENT, Origin=SITE)
        with CaptureQueriesContext(connection) as statements:
            assert api.emit(EVENT, Origin=SITE).status_code == 201
        counts.append(len(statements))

    assert counts[0] == counts[1]
