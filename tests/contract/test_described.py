"""The description is true for every endpoint: its examples, and answers to generated requests."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks as openapi

from meshes.wsgi import application
from tests.builders import make_organization
from tests.contract.machine import Machine, make_machine
from tests.contract.registry import ENDPOINTS, Endpoint
from tests.contract.worlds import make_world

load_all_checks()
WHOLE = SchemaGenerator().get_schema(request=None, public=True)
EXAMPLES = 10
described = schemathesis.openapi.from_dict(WHOLE).include(path_regex="^/api/v1/")
described.app = application
CHECKS = [
    schemathesis.checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
]
every = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)


@pytest.fixture
def caller(transactional_db, settings) -> Machine:
    """A client without limits; the application ends its own database connections."""
    for budget in ("API", "EVENTS"):
        setattr(settings, f"THROTTLE_{budget}_PER_SECOND", 1e9)
        setattr(settings, f"THROTTLE_{budget}_BURST", 10**9)
    return make_machine(make_organization())


@described.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_to_a_generated_request_is_described(case, caller):
    case.headers["Authorization"] = f"Bearer {caller.token()}"

    case.call_and_validate(checks=CHECKS)


def said_of(endpoint: Endpoint) -> Any:
    return WHOLE["paths"][f"/api/v1{endpoint.path}"][endpoint.method.lower()]


def fits_described(endpoint: Endpoint, status: str, body: Any) -> None:
    content = said_of(endpoint)["responses"][status]["content"]["application/json"]
    jsonschema.validate(body, {**content["schema"], "components": WHOLE["components"]})


@every
def test_the_answer_to_ones_own_rows_is_described(endpoint, machine):
    own = make_world(machine.key.organization)

    answer = machine.call(endpoint.method, own.fill(endpoint.path), own.fill(endpoint.body))

    fits_described(endpoint, str(answer.status_code), answer.json())


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if "requestBody" in said_of(one)], ids=str
)
def test_the_answer_to_a_body_that_is_no_json_is_described(endpoint, machine):
    path = make_world(machine.key.organization).fill(endpoint.path)
    sent = {"Authorization": f"Bearer {machine.token()}"}

    answer = machine.client.generic(
        endpoint.method, f"/api/v1{path}", b"name=x", "text/plain", headers=sent
    )

    assert answer.status_code == 415
    fits_described(endpoint, "415", answer.json())
    assert "413" in said_of(endpoint)["responses"]


@every
def test_every_status_has_an_example_that_fits_its_schema(endpoint):
    for status, response in said_of(endpoint)["responses"].items():
        examples = response["content"]["application/json"]["examples"]
        assert examples, status
        for example in examples.values():
            fits_described(endpoint, status, example["value"])


@every
def test_every_endpoint_says_what_may_go_wrong_and_who_may_call(endpoint):
    said = said_of(endpoint)

    assert {"401", "403", "429", "500", "503"} <= set(said["responses"])
    assert {"bearerAuth": []} in said["security"]
    assert said["summary"]
    assert said["operationId"]
    assert "{" not in endpoint.path or "404" in said["responses"]
