"""Log lines hold ids and facts in both formats, and neither emails nor what errors say."""

from __future__ import annotations

import io
import json
import logging
import logging.config

import pytest
import structlog

from meshes import logs

EMAIL = "alex.canary@example.com"


@pytest.fixture(params=["text", "json"])
def written(request, settings):
    """A function that runs the given one and returns what was logged meanwhile."""
    stream = io.StringIO()
    wanted = logs.configuration(format_name=request.param, level="INFO")
    wanted["handlers"]["console"]["stream"] = stream
    logging.config.dictConfig(wanted)

    def run(speak) -> str:
        speak()
        return stream.getvalue()

    run.format = request.param
    yield run
    structlog.contextvars.clear_contextvars()
    logging.config.dictConfig(settings.LOGGING)


def test_a_fact_is_one_line_with_its_context(written) -> None:
    structlog.contextvars.bind_contextvars(delivery="d-17")

    line = written(lambda: structlog.get_logger("deliveries").info("delivery completed", tries=2))

    assert line.count("\n") == 1
    if written.format == "json":
        fact = json.loads(line)
        assert (fact["event"], fact["delivery"], fact["tries"]) == ("delivery completed", "d-17", 2)
        assert (fact["level"], fact["logger"]) == ("info", "deliveries")
    else:
        assert "event='delivery completed'" in line
        assert "delivery='d-17'" in line


def test_an_exception_leaves_its_type_and_place_but_not_its_text(written) -> None:
    def fail() -> None:
        try:
            raise ValueError(f"could not read {EMAIL}")
        except ValueError:
            logging.getLogger("deliveries").exception("reading failed")

    line = written(fail)

    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "could not read" not in line
    assert EMAIL not in line


def test_emails_are_masked_wherever_they_stand(written) -> None:
    def speak() -> None:
        logging.getLogger("plain").warning("mail to %s", EMAIL)
        structlog.get_logger("bound").info("seen", who=EMAIL, rows=[{"contact": EMAIL}])

    line = written(speak)

    assert "mail to" in line
    assert "canary" not in line


def test_a_request_in_a_record_leaves_no_query_behind(written, rf) -> None:
    request = rf.get("/admin/?q=canary-name")

    line = written(
        lambda: logging.getLogger("django.request").error("failed", extra={"request": request})
    )

    assert "failed" in line
    assert "canary-name" not in line


def test_the_development_server_logs_no_query(written) -> None:
    line = written(
        lambda: logging.getLogger("django.server").info('"%s" %s', "GET /admin/?q=canary", 200)
    )

    assert "GET /admin/?•••" in line
    assert "canary" not in line


def test_details_of_libraries_stay_out(written) -> None:
    line = written(lambda: logging.getLogger("urllib3.connectionpool").info("GET /contact"))

    assert line == ""
