"""A repeated request is answered as the first time and stores nothing again."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from deliveries.idempotency import Answer, claim, once
from deliveries.models import Event, IdempotencyKey
from tests.deliveries.senders import (
    BULK,
    EVENT,
    EVENTS,
    give_rules,
    key_of,
    make_sender,
    refused,
    stored,
)

REPLAYED = "Idempotency-Replayed"
RAW = json.dumps(EVENT)


@pytest.mark.parametrize("status", [201, 207])
@pytest.mark.parametrize("path", [EVENTS, BULK])
def test_a_repeat_gets_the_same_status_and_bytes_and_a_sign(api, path, status):
    give_rules(api.workspace, 1)
    body = EVENT if path == EVENTS else [EVENT] + ([{}] if status == 207 else [])

    first = api.post(path, body, Idempotency_Key="order-1")
    again = api.post(path, body, Idempotency_Key="order-1")

    assert first.status_code == again.status_code
    assert first.content == again.content
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert again.headers["Content-Type"] == "application/json"
    assert stored() == (1, 1, 1)


def test_another_spelling_of_the_address_is_the_same_request(api):
    first = api.post(EVENTS, EVENT, Idempotency_Key="k")
    again = api.post("/api/v1//events/?x=1", EVENT, Idempotency_Key="k")

    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")


@pytest.mark.parametrize(
    ("path", "body"),
    [(EVENTS, {**EVENT, "event": "other"}), (EVENTS, RAW + " "), (BULK, [EVENT])],
    ids=["other event", "other bytes", "other address"],
)
def test_the_same_key_for_another_request_is_a_conflict(api, path, body):
    assert api.post(EVENTS, RAW, Idempotency_Key="k").status_code == 201

    answer = api.post(path, body, Idempotency_Key="k")

    assert answer.status_code == 409
    assert answer.json()["error"]["name"] == "Conflict"
    assert REPLAYED not in answer.headers
    assert stored() == (1, 0, 1)


def test_workspaces_do_not_share_keys(api):
    other = make_sender("Other")

    answers = [sender.emit(EVENT, Idempotency_Key="k") for sender in (api, other)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert REPLAYED not in answers[1].headers
    assert stored() == (2, 0, 2)


def test_without_a_key_every_request_is_a_new_one(api):
    assert [api.emit(EVENT).status_code for _ in range(3)] == [201] * 3

    assert stored() == (3, 0, 0)


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "k" * 256, "a\tb", "\x7f"])
def test_a_key_that_is_not_visible_ascii_is_refused(api, key):
    error = refused(api.emit(EVENT, Idempotency_Key=key), 400, "BadRequest")

    assert error["data"] == [
        {"param": "Idempotency-Key", "msg": "must be 1 to 255 visible ASCII characters"}
    ]


@pytest.mark.parametrize("key", ["!", "~" * 255, "0d1c5a1e-6a0f-4f5b-9a52-0f3a6f0c9d11"])
def test_any_visible_ascii_is_a_key(api, key):
    assert api.emit(EVENT, Idempotency_Key=key).status_code == 201

    assert IdempotencyKey.objects.get().key == key


def test_a_refused_request_does_not_use_the_key_up(api):
    refused(api.emit({}, Idempotency_Key="k"), 400, "BadRequest")

    assert api.emit(EVENT, Idempotency_Key="k").status_code == 201


@pytest.mark.parametrize(("hours", "events"), [(23.9, 1), (24.0, 2)])
def test_a_key_is_free_again_after_a_day(api, clock, hours, events):
    api.emit(EVENT, Idempotency_Key="k")
    clock.shift(timedelta(hours=hours))

    answer = api.emit(EVENT, Idempotency_Key="k")

    assert answer.status_code == 201
    assert (REPLAYED in answer.headers) == (events == 1)
    assert stored() == (events, 0, 1)


def test_a_key_that_is_free_again_may_be_used_for_another_request(api, clock):
    api.emit(EVENT, Idempotency_Key="k")
    clock.shift(timedelta(hours=25))

    first = api.post(BULK, [EVENT], Idempotency_Key="k")
    again = api.post(BULK, [EVENT], Idempotency_Key="k")

    assert (first.status_code, again.headers[REPLAYED]) == (201, "true")
    assert again.content == first.content


def test_the_row_names_the_address_and_the_hash_and_no_payload_but_the_answer(api):
    answer = api.post(EVENTS, RAW, Idempotency_Key="k")

    row = IdempotencyKey.objects.get()
    assert (row.path, row.status, len(row.body_hash)) == (EVENTS, 201, 64)
    assert row.answer == answer.text
    assert row.workspace_id == api.workspace.pk


def at_once(number, work):
    """What the threads got, all starting together, each on a connection of its own."""
    barrier = threading.Barrier(number)

    def run(index):
        barrier.wait(timeout=20)
        try:
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [EVENTS, BULK])
def test_twins_at_the_same_moment_store_once_and_hear_the_same(path):
    sender = make_sender()
    give_rules(sender.workspace, 2)
    body = json.dumps(EVENT if path == EVENTS else [EVENT, {}])

    def post(_):
        headers = {"X-Meshes-Publishable-Key": sender.key, "Idempotency-Key": "twin"}
        return Client().post(path, body, "application/json", headers=headers)

    answers = at_once(8, post)

    assert {answer.status_code for answer in answers} == {201 if path == EVENTS else 207}
    assert len({answer.content for answer in answers}) == 1
    assert sum(REPLAYED in answer.headers for answer in answers) == 7
    assert stored() == (1, 2, 1)


@pytest.mark.django_db(transaction=True)
def test_twins_with_different_bodies_store_one_and_refuse_the_others():
    sender = make_sender()

    def post(index):
        headers = {"X-Meshes-Publishable-Key": sender.key, "Idempotency-Key": "twin"}
        body = {**EVENT, "event": f"event-{index}"}
        return Client().post(EVENTS, body, "application/json", headers=headers)

    statuses = sorted(answer.status_code for answer in at_once(6, post))

    assert statuses == [201, 409, 409, 409, 409, 409]
    assert stored() == (1, 0, 1)


@pytest.mark.django_db(transaction=True)
def test_a_twin_of_a_request_that_fails_takes_its_place():
    sender = make_sender()
    request = once("k", workspace_id=sender.workspace.pk, path=EVENTS, raw=b"{}")
    now = key_of(sender).created_at
    started, may_fail = threading.Event(), threading.Event()

    def fails():
        try:
            with transaction.atomic():
                assert claim(request, answer=Answer(201, "lost"), now=now) is None
                started.set()
                may_fail.wait(timeout=20)
                raise ZeroDivisionError
        except ZeroDivisionError:
            connection.close()

    thread = threading.Thread(target=fails)
    thread.start()
    assert started.wait(timeout=20)
    threading.Timer(0.2, may_fail.set).start()
    with transaction.atomic():
        earlier = claim(request, answer=Answer(201, "kept"), now=now)
    thread.join(timeout=20)

    assert earlier is None
    assert IdempotencyKey.objects.get().answer == "kept"


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_are_all_accepted():
    sender = make_sender()
    give_rules(sender.workspace, 3)
    headers = {"X-Meshes-Publishable-Key": sender.key}

    def post(_):
        client = Client()
        return [
            client.post(EVENTS, EVENT, "application/json", headers=headers).status_code
            for _ in range(12)
        ]

    statuses = at_once(12, post)

    assert {status for each in statuses for status in each} == {201}
    assert stored() == (144, 432, 0)
    assert Event.objects.filter(total_rules=3).count() == 144


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_database_that_stays_locked_is_told_as_unavailable(monkeypatch):
    sender = make_sender()
    headers = {"X-Meshes-Publishable-Key": sender.key}
    options = {**connection.settings_dict["OPTIONS"], "timeout": 0.05}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    connection.patience_s = 0.05
    locked, may_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            locked.set()
            may_go.wait(timeout=20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(timeout=20)
    answer = Client().post(EVENTS, EVENT, "application/json", headers=headers)
    may_go.set()
    thread.join(timeout=20)
    connection.close()

    refused(answer, 503, "ServiceUnavailable")
    assert answer.headers["Retry-After"] == "1"
