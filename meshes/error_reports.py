"""Reports of errors to Sentry, once SENTRY_DSN is set: every log line of the level error.

A report holds the name of the fact, ids, the type of an exception and the places in our
code that it passed. What the exception says, local variables, requests, bodies, headers,
breadcrumbs and people never enter one. Imports nothing of Django.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Mapping
from typing import Any

from meshes.tracing import NotInstalled

MISSING = (
    "SENTRY_DSN is set, but sentry-sdk is not installed. "
    "Run: python -m pip install --require-hashes -r requirements-extras.txt"
)
IDS = frozenset(
    "account_id attempt_id batch_id connection_id delivery_id delivery_uuid erasure_id event_id "
    "event_uuid job_id request_id rule_id trial_id".split()
)
FACTS = IDS | frozenset("at away code error limit_s method outcome reason step sweep".split())
OUTSIDE_OF_ROOT = ("django-q",)
TOLD_TWICE = ("django.request",)
"""Says of every answer of 500 that there was one, whose cause has a line of its own."""

SENDERS = ("opentelemetry", "sentry_sdk", "urllib3")
"""A report that a collector is away would only meet the next one that is."""

KEPT = frozenset(
    "event_id timestamp level logger message platform release environment sdk tags exception "
    "contexts".split()
)
NEVER: dict[str, Any] = {
    "default_integrations": False,
    "auto_enabling_integrations": False,
    "include_local_variables": False,
    "max_breadcrumbs": 0,
    "max_request_body_size": "never",
}


class Reporter(logging.Handler):
    """Makes a report of each error that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Send the report; a failure to do so is no failure of the caller."""
        try:
            self._report(record)
        except Exception:  # noqa: BLE001  as in every handler of logging
            self.handleError(record)

    def _report(self, record: logging.LogRecord) -> None:
        import sentry_sdk
        from sentry_sdk.utils import event_from_exception

        facts, error = _said(record)
        if record.name.startswith(SENDERS) or (error is None and record.name in TOLD_TWICE):
            return
        report: Any = {"level": "error", "logger": record.name}
        if error is not None:
            report |= event_from_exception(error)[0]
        report["message"] = facts.pop("event")
        report["tags"] = {name: str(facts[name]) for name in FACTS & facts.keys()}
        sentry_sdk.capture_event(report)


def start(dsn: str) -> None:
    """Report the errors of this process.

    Raises: NotInstalled.
    """
    try:
        import sentry_sdk
    except ImportError:
        raise NotInstalled(MISSING) from None
    # Without a release the SDK would start git to find one.
    release = os.environ.get("SENTRY_RELEASE", "")
    sentry_sdk.init(dsn=dsn, release=release, before_send=cleaned, **NEVER)
    reporter = Reporter()
    for name in ("", *OUTSIDE_OF_ROOT):
        logging.getLogger(name).addHandler(reporter)
    atexit.register(sentry_sdk.flush, 2.0)


def cleaned(report: Any, _hint: Mapping[str, Any]) -> Any:
    """The report with what may be in it and nothing else, whoever put it there."""
    kept = {name: value for name, value in report.items() if name in KEPT}
    kept["contexts"] = {
        name: value for name, value in report.get("contexts", {}).items() if name == "runtime"
    }
    for error in kept.get("exception", {}).get("values", []):
        # Messages of database and JSON errors quote the values that they choke on.
        error["value"] = ""
        error.pop("mechanism", None)
        for frame in (error.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    return kept


def _said(record: logging.LogRecord) -> tuple[dict[str, Any], BaseException | None]:
    """The facts of a line, with its name under `event`, and its exception."""
    facts = dict(record.msg) if isinstance(record.msg, Mapping) else {"event": str(record.msg)}
    info = facts.get("exc_info") or record.exc_info
    error = info[1] if isinstance(info, tuple) else info
    facts["event"] = str(facts.get("event", ""))
    return facts, error if isinstance(error, BaseException) else None
