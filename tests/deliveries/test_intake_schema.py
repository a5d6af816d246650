"""The API's description is true: what it promises is what the two addresses answer."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import schemathesis
from django.conf import settings as project
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks as openapi

from meshes.wsgi import application
from tests.deliveries.senders import BULK, EVENT, EVENTS, give_rules, make_sender

load_all_checks()
described = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(request=None, public=True)
).include(path_regex="^/api/v1/events")
described.app = application
CHECKS = [
    schemathesis.checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
]


@pytest.fixture
def sender(transactional_db, settings):
    """A sender without a limit; the application ends its own database connections."""
    settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 1e9, 10**9
    made = make_sender()
    give_rules(made.workspace, 1)
    return made


@described.parametrize()
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_to_a_generated_request_is_described(case, sender):
    case.headers["X-Meshes-Publishable-Key"] = sender.key

    case.call_and_validate(checks=CHECKS)


def operation(path):
    return SchemaGenerator().get_schema(request=None, public=True)["paths"][path]["post"]


@pytest.mark.parametrize("path", [EVENTS, BULK])
def test_the_examples_are_true(api, path):
    said = operation(path)["requestBody"]["content"]["application/json"]["examples"]

    for example in said.values():
        answer = api.post(path, example["value"])
        assert answer.status_code in (201, 207)


@pytest.mark.parametrize("path", [EVENTS, BULK])
@pytest.mark.parametrize("status", ["201", "400", "401", "409", "413", "415", "429", "500", "503"])
def test_every_status_has_an_example_that_fits_its_schema(path, status):
    whole = SchemaGenerator().get_schema(request=None, public=True)
    content = whole["paths"][path]["post"]["responses"][status]["content"]["application/json"]

    schema = {**content["schema"], "components": whole["components"]}
    for example in content["examples"].values():
        jsonschema.validate(example["value"], schema)
    assert content["examples"]


def test_real_answers_fit_the_described_schemas(api):
    whole = SchemaGenerator().get_schema(request=None, public=True)
    for path, body in [(EVENTS, EVENT), (EVENTS, {}), (BULK, [EVENT]), (BULK, [EVENT, {}])]:
        answer = api.post(path, body)
        responses = whole["paths"][path]["post"]["responses"]
        content = responses[str(answer.status_code)]["content"]["application/json"]
        jsonschema.validate(answer.json(), {**content["schema"], "components": whole["components"]})


def test_the_description_is_served_and_its_page_needs_no_other_server(client):
    schema = client.get("/api/schema/", headers={"Accept": "application/json"})
    page = client.get("/api/docs/")

    assert schema.status_code == 200
    assert set(json.loads(schema.content)["paths"]) >= {EVENTS, BULK}
    assert page.status_code == 200
    assert "/static/drf_spectacular_sidecar/" in page.text
    assert "//cdn" not in page.text
    assert "https://" not in page.text


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs"])
def test_the_slash_at_the_end_is_not_needed(client, path):
    assert client.get(path).status_code == 200


def test_the_committed_description_is_the_one_that_is_served():
    committed = (Path(project.BASE_DIR) / "docs" / "openapi.yaml").read_text()

    served = Client().get("/api/schema/").content.decode()

    assert committed.strip() == served.strip()
