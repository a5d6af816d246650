"""How the program speaks: one line per fact, as text or JSON, masked at the very end."""

from __future__ import annotations

import re
from typing import Any

import structlog

from meshes.redaction import redact_event

QUERY = re.compile(r"\?[^\s\"]*")
SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def where_it_failed(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """The event with an exception's type and place instead of its text.

    Why: messages of database and JSON errors quote the values they choke on.
    """
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["at"] = _frames(error)
    event.pop("stack_info", None)
    return event


def without_request(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """The event without the request that Django attaches and without its query.

    Why: people search by name, and what they searched for stands in the address.
    """
    event.pop("request", None)
    if event.get("logger") == "django.server":
        event["event"] = QUERY.sub("?•••", str(event["event"]))
    return event


def _frames(error: BaseException) -> str:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-6:]))


def configuration(*, format_name: str, level: str) -> dict[str, Any]:
    """The value for Django's LOGGING; also readies structlog.

    Shape: `format_name` is `json` for one object a line, else `key=value`.
    """
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*SHARED, structlog.stdlib.ExtraAdder()],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            where_it_failed,
            without_request,
            redact_event,
            _renderer(format_name),
        ],
        "use_get_message": True,
    }
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": level},
            "django.server": {"handlers": [], "propagate": True, "level": level},
            "django-q": {"handlers": ["console"], "propagate": False, "level": "WARNING"},
            "urllib3": quiet,
        },
    }


def _renderer(format_name: str) -> Any:
    if format_name == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.KeyValueRenderer(
        key_order=["timestamp", "level", "logger", "event"]
    )
