"""What gunicorn refuses itself speaks the API's JSON and stays out of the log."""

from __future__ import annotations

import json
import runpy
import socket
from pathlib import Path

import pytest
from gunicorn.http import errors  # type: ignore[import-untyped]

CONFIGURATION = Path(__file__).resolve().parents[2] / "gunicorn.conf.py"


class Lines:
    """Stands in for gunicorn's log."""

    def __init__(self) -> None:
        self.text = ""

    def warning(self, line: str, *values: object) -> None:
        self.text += line % values


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (errors.LimitRequestLine(5000, 4094), 414, "URITooLong"),
        (errors.LimitRequestHeaders("x: secret"), 431, "RequestHeaderFieldsTooLarge"),
        (errors.InvalidHeader("x: secret"), 400, "BadRequest"),
        (errors.InvalidRequestMethod("secret"), 400, "BadRequest"),
        (errors.ExpectationFailed("secret"), 417, "ExpectationFailed"),
    ],
)
def test_malformed_http_is_refused_as_json_and_not_repeated(error, status, name) -> None:
    worker_class = runpy.run_path(str(CONFIGURATION))["worker_class"]
    worker = worker_class.__new__(worker_class)
    worker.log = Lines()
    ours, theirs = socket.socketpair()

    with ours, theirs:
        worker.handle_error(None, ours, None, error)
        head, body = theirs.recv(65_536).decode().split("\r\n\r\n")

    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "Content-Type: application/json" in head
    assert json.loads(body)["error"]["name"] == name
    assert "secret" not in body + worker.log.text


def test_an_access_log_holds_no_query_and_no_page_that_led_there() -> None:
    line = runpy.run_path(str(CONFIGURATION))["access_log_format"]
    atoms = dict.fromkeys("hlutmUHsbMqrfa", "-") | {"U": "/admin/deliveries/event/"}
    atoms |= dict.fromkeys("rqf", "alex@example.com")

    assert "alex@example.com" not in line % atoms
    assert "/admin/deliveries/event/" in line % atoms
