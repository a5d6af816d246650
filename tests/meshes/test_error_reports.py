"""What Sentry is told of an error: its kind, its place and ids, and nothing of a person."""

from __future__ import annotations

import gzip
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sentry_sdk
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from meshes import error_reports, reporting

EMAIL = "alex.canary@example.com"


@pytest.fixture
def reports():
    """A function that returns the reports that have reached a Sentry on the loopback so far."""
    bodies: list[bytes] = []

    class Sentry(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            bodies.append(gzip.decompress(body) if packed else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_args) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sentry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = {name: list(logging.getLogger(name).handlers) for name in ("", "django-q")}
    error_reports.start(f"http://key@127.0.0.1:{server.server_port}/1")
    yield lambda: (sentry_sdk.flush(10.0), [json.loads(body.split(b"\n")[2]) for body in bodies])[1]
    # The SDK's own integrations would stay in the process and add headers to every request.
    sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)
    for name, handlers in before.items():
        logging.getLogger(name).handlers[:] = handlers
    server.shutdown()
    server.server_close()


def fail() -> Exception:
    """An error that says, and whose frame holds, what nobody may see."""
    payload = {"email": EMAIL}
    try:
        raise ValueError(f"cannot read {payload}")
    except ValueError as error:
        return error


def test_an_error_is_reported_with_its_kind_its_place_and_its_ids(reports):
    log = structlog.get_logger("deliveries.sending")
    with structlog.contextvars.bound_contextvars(event_id=7, event_uuid="0fe3", account=EMAIL):
        log.error("attempt_broke", delivery_id=17, exc_info=fail())

    (report,) = reports()

    (error,) = report["exception"]["values"]
    assert (report["message"], report["level"]) == ("attempt_broke", "error")
    assert report["tags"] == {"event_id": "7", "event_uuid": "0fe3", "delivery_id": "17"}
    assert error["type"] == "ValueError"
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert "alex" not in json.dumps(report)
    assert not any("vars" in frame for frame in error["stacktrace"]["frames"])
    assert {"request", "user", "breadcrumbs", "extra", "server_name"} & report.keys() == set()


@pytest.mark.django_db
def test_a_request_that_breaks_us_is_reported_without_its_body_and_headers(api, reports):
    def refuse(*_args, **_kwargs):
        raise RuntimeError(EMAIL)

    with connection.execute_wrapper(refuse):
        answer = api.emit({"event": "page.completed", "payload": {"email": EMAIL}})

    (report,) = reports()
    assert (answer.status_code, report["message"]) == (500, "api_request_failed")
    assert report["tags"]["error"] == "RuntimeError"
    assert report["tags"]["request_id"] == answer["X-Request-Id"]
    assert "alex" not in json.dumps(report)
    assert api.key not in json.dumps(report)


def test_a_warning_is_not_reported(reports):
    structlog.get_logger("deliveries").warning("attempt_failed", delivery_id=1)

    assert reports() == []


def test_a_collector_that_is_away_is_no_report(reports):
    logging.getLogger("opentelemetry.exporter").error("Failed to export spans.")
    logging.getLogger("sentry_sdk.errors").error("Cannot send.")

    assert reports() == []


def test_what_others_add_to_a_report_is_taken_out():
    report = {
        "message": "x",
        "request": {"data": EMAIL},
        "user": {"email": EMAIL},
        "breadcrumbs": [EMAIL],
        "extra": {"payload": EMAIL},
        "contexts": {"runtime": {"name": "CPython"}, "trace": {"data": EMAIL}},
        "exception": {"values": [{"type": "E", "value": EMAIL, "mechanism": {"data": EMAIL}}]},
    }

    cleaned = error_reports.cleaned(report, {})

    assert EMAIL not in json.dumps(cleaned)
    assert cleaned["exception"]["values"] == [{"type": "E", "value": ""}]
    assert cleaned["contexts"] == {"runtime": {"name": "CPython"}}


def test_a_missing_package_is_named_with_the_command_that_installs_it(settings, monkeypatch):
    settings.SENTRY_DSN = "http://key@127.0.0.1:1/1"
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with pytest.raises(ImproperlyConfigured) as refused:
        reporting.start()

    assert str(refused.value) == (
        "SENTRY_DSN is set, but sentry-sdk is not installed. "
        "Run: python -m pip install --require-hashes -r requirements-extras.txt"
    )


def test_nothing_is_started_unless_it_is_switched_on(settings):
    before = list(logging.getLogger().handlers)

    reporting.start()

    assert (settings.SENTRY_DSN, settings.OTEL_EXPORTER_OTLP_ENDPOINT) == ("", "")
    assert logging.getLogger().handlers == before
