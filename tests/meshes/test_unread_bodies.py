"""A refused request leaves its connection fit for the next one."""

from __future__ import annotations

import json
import runpy
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from tests.deliveries.senders import BULK, EVENT, EVENTS, make_sender
from tests.journeys.planted_run import serving

CONFIGURATION = Path(__file__).resolve().parents[2] / "gunicorn.conf.py"
KIB = 1024


@pytest.mark.parametrize(("size", "closes"), [(5 * KIB * KIB, False), (5 * KIB * KIB + 1, True)])
def test_the_server_says_when_it_will_close_after_a_body_that_is_too_large(size, closes):
    pre_request = runpy.run_path(str(CONFIGURATION))["pre_request"]
    closed = []
    request = SimpleNamespace(
        method="POST",
        path=EVENTS,
        headers=[("HOST", "x"), ("CONTENT-LENGTH", str(size))],
        force_close=lambda: closed.append(True),
    )

    pre_request(SimpleNamespace(log=SimpleNamespace(debug=lambda *_: None)), request)

    assert bool(closed) == closes


@pytest.mark.django_db(transaction=True)
def test_after_a_refusal_the_same_connection_takes_the_next_event(database_url, tmp_path):
    sender = make_sender()
    key = {"X-Meshes-Publishable-Key": sender.key}
    wrong = {"X-Meshes-Publishable-Key": "mesh_no_such_key"}
    large = json.dumps([EVENT] * 3000)
    with (
        serving(tmp_path / "web.log", DATABASE_URL=database_url) as url,
        requests.Session() as client,
    ):
        for path, headers, status in (
            (EVENTS, key, 413),
            (BULK, wrong, 401),
            ("/api/v1/nothing", key, 404),
        ) * 4:
            refused = client.post(url + path, large, headers=headers, timeout=60)
            accepted = client.post(url + EVENTS, json=EVENT, headers=key, timeout=60)
            assert (refused.status_code, accepted.status_code) == (status, 201)
        for _ in range(4):
            endless = client.post(url + EVENTS, b" " * (9 * KIB * KIB), headers=key, timeout=60)
            assert (endless.status_code, endless.headers["Connection"]) == (413, "close")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_broken_chunks_after_a_refusal_get_no_second_answer(database_url, tmp_path, connection):
    head = f"POST {EVENTS} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: {connection}\r\n"
    sent = head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n"
    with serving(tmp_path / "web.log", DATABASE_URL=database_url) as url:
        host, _, port = url.partition("//")[2].partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as line:
            line.sendall(sent.encode())
            answer = b"".join(iter(lambda: line.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.count(b"HTTP/1.1 ") == 1
