"""Spans for OpenTelemetry, once OTEL_EXPORTER_OTLP_ENDPOINT is set; otherwise nothing at all.

Spans carry ids, counts and outcomes. What an exception says, a payload, an email and the
query of an address never enter one. Imports nothing of Django.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

MISSING = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages for tracing are not installed. "
    "Run: python -m pip install --require-hashes -r requirements-extras.txt"
)
NANOSECONDS = 1_000_000_000
_NOTHING = nullcontext()
_state: dict[str, Any] = {"provider": None, "tracer": None}


class NotInstalled(Exception):
    """What the operator switched on is not installed; the text says how to."""


def start(endpoint: str) -> None:
    """Send the spans of this process to a collector, over HTTP.

    Raises: NotInstalled.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise NotInstalled(MISSING) from None
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    use(BatchSpanProcessor(exporter))
    atexit.register(stop)


def use(processor: Any) -> None:
    """Hand spans to this processor of the SDK from now on."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    # The operator's OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
    resource = Resource.create()
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "meshes"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    _state["tracer"] = provider.get_tracer("meshes")
    _state["provider"] = provider


def stop() -> None:
    """Send what is left, and make no more spans."""
    provider, _state["provider"], _state["tracer"] = _state["provider"], None, None
    if provider is not None:
        provider.shutdown()


def span(name: str, **facts: Any) -> AbstractContextManager[None]:
    """A span around what follows, with these facts; nothing while tracing is off."""
    return _NOTHING if _state["tracer"] is None else _span(name, facts)


@contextmanager
def _span(name: str, facts: dict[str, Any]) -> Iterator[None]:
    from opentelemetry.trace import StatusCode

    options = {"record_exception": False, "set_status_on_exception": False}
    with _state["tracer"].start_as_current_span(name, attributes=_named(facts), **options) as own:
        try:
            yield
        except Exception as error:
            own.set_attribute("error.type", type(error).__name__)
            own.set_status(StatusCode.ERROR)
            raise


def tell(**facts: Any) -> None:
    """Add facts to the span that is open, if there is one."""
    if _state["tracer"] is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(_named(facts))


def past(name: str, *, began_at: float, ended_at: float | None = None, **facts: Any) -> None:
    """A span that is already over. Units: seconds since the epoch; it ends now by default."""
    if _state["tracer"] is None:
        return
    end = time.time() if ended_at is None else ended_at
    begun = _state["tracer"].start_span(
        name, attributes=_named(facts), start_time=int(began_at * NANOSECONDS)
    )
    begun.end(end_time=int(end * NANOSECONDS))


def _named(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts as attributes: what OpenTelemetry has no name for begins with `meshes.`."""
    return {
        name.replace("__", ".") if "__" in name else f"meshes.{name}": value
        for name, value in facts.items()
        if value is not None
    }
