"""Traces tell of the path of an event by ids and outcomes, and of nothing that people typed."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deliveries.claiming import claim
from deliveries.models import Attempt, Delivery, Event
from deliveries.sending import send
from meshes import reporting, tracing
from tests.deliveries.scenes import connect, hurry, tag_rule

EMAIL = "alex.canary@example.com"
BODY = {"event": "page.completed", "payload": {"email": EMAIL, "first_name": "Canarina"}}


@pytest.fixture
def spans():
    """A function that returns the spans that have ended so far, by name."""
    exporter = InMemorySpanExporter()
    tracing.use(SimpleSpanProcessor(exporter))
    yield lambda name: [each for each in exporter.get_finished_spans() if each.name == name]
    tracing.stop()


@pytest.mark.django_db
def test_spans_lead_from_acceptance_over_a_failed_attempt_to_the_call(api, sandbox, spans):
    tag_rule(sandbox, connection=connect(sandbox, workspace=api.workspace))
    sandbox.faults.set("server_error", path="contactTags", count=1)

    api.emit(BODY)
    delivery = Delivery.objects.get()
    send(claim(delivery.account_id))
    hurry(delivery)
    send(claim(delivery.account_id))

    event, attempts = Event.objects.get(), Attempt.objects.order_by("pk")
    assert spans("meshes.accept")[0].resource.attributes["service.name"] == "meshes"
    (accept,), (match,), (store,) = map(spans, ("meshes.accept", "meshes.match", "meshes.store"))
    assert accept.attributes["meshes.event_uuids"] == (str(event.uuid),)
    assert match.parent.span_id == store.parent.span_id == accept.context.span_id
    assert [each.attributes["meshes.delivery_id"] for each in spans("meshes.claim")] == [
        delivery.pk,
        delivery.pk,
    ]
    told = [
        (each.attributes["meshes.attempt_id"], each.attributes["meshes.outcome"])
        for each in spans("meshes.attempt")
    ]
    assert told == [(row.pk, row.outcome) for row in attempts]
    assert {each.attributes["meshes.event_uuid"] for each in spans("meshes.attempt")} == {
        str(event.uuid)
    }


@pytest.mark.django_db
def test_a_call_is_a_span_of_its_attempt_without_its_query_and_without_people(api, sandbox, spans):
    tag_rule(sandbox, connection=connect(sandbox, workspace=api.workspace))
    api.emit(BODY)

    send(claim(Delivery.objects.get().account_id))

    (attempt,), calls = spans("meshes.attempt"), spans("meshes.call")
    assert [each.attributes["url.path"] for each in calls] == [
        "/contact/sync",
        "/contactTags",
    ]
    assert {each.parent.span_id for each in calls} == {attempt.context.span_id}
    assert calls[0].attributes["http.request.method"] == "POST"
    assert calls[0].attributes["http.response.status_code"] in (200, 201)
    everything = json.dumps([json.loads(each.to_json()) for each in (attempt, *calls)])
    assert "alex" not in everything
    assert "Canarina" not in everything


def test_a_span_names_the_kind_of_an_error_and_not_what_it_says(spans):
    with pytest.raises(ValueError, match="alex"), tracing.span("meshes.accept"):
        raise ValueError(EMAIL)

    (own,) = spans("meshes.accept")
    assert own.attributes["error.type"] == "ValueError"
    assert (own.status.is_ok, own.status.description, own.events) == (False, None, ())


def test_nothing_is_made_while_tracing_is_off():
    with tracing.span("meshes.accept", event_id=1) as nothing:
        tracing.tell(event_id=2)
        tracing.past("meshes.claim", began_at=0.0)

    assert nothing is None
    assert tracing.span("a") is tracing.span("b")


def test_a_missing_package_is_named_with_the_command_that_installs_it(settings, monkeypatch):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(ImproperlyConfigured) as refused:
        reporting.start()

    assert str(refused.value) == (
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages for tracing are not installed. "
        "Run: python -m pip install --require-hashes -r requirements-extras.txt"
    )


def test_spans_reach_a_collector_over_http():
    asked: list[tuple[str, str]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, self.headers["Content-Type"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tracing.start(f"http://127.0.0.1:{server.server_port}/")
    with tracing.span("meshes.accept", event_id=1):
        pass
    tracing.stop()
    server.shutdown()
    server.server_close()

    assert asked == [("/v1/traces", "application/x-protobuf")]
