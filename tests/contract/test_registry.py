"""Another organization never sees a row, and no credential but the right one opens anything.

Every endpoint of the API's description takes part; one without a row in the registry fails.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver
from drf_spectacular.generators import SchemaGenerator

from meshes.api_errors import MESSAGES
from meshes.models import Organization
from tests import database_dump
from tests.contract.machine import Machine, make_machine
from tests.contract.registry import ENDPOINTS, POSTING, Endpoint
from tests.contract.shapes import refusal
from tests.contract.worlds import Ids, make_world

CHANGES_ALWAYS = "meshes_machinekey.last_used_at"
every = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
by_id = pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.foreign != "no rows"], ids=str
)


@pytest.fixture
def own(machine: Machine) -> Ids:
    """The caller's own rows."""
    return make_world(machine.key.organization)


@pytest.fixture
def foreign(db: None) -> Ids:
    """The rows of somebody else."""
    return make_world(Organization.objects.create(name="Somebody else"))


def called(machine: Machine, endpoint: Endpoint, ids: Ids, **headers: str) -> Any:
    path, body = ids.fill(endpoint.path), ids.fill(endpoint.body)
    return machine.call(endpoint.method, path, body, **headers)


def everything() -> list[tuple[str, str]]:
    """Every value of the database but those that every call may change.

    Shape: in order, since PostgreSQL returns a row that was changed after the others.
    """
    return sorted(pair for pair in database_dump.values() if pair[0] != CHANGES_ALWAYS)


def route(address: URLPattern) -> str:
    """The address as the registry spells it."""
    return "/" + re.sub("<(?:would_be_)?id:([a-z_]+)>", "{\\1}", str(address.pattern)).rstrip("/")


def served() -> set[tuple[str, str]]:
    """Every method of every address under /api/v1/, whether it is described or not."""
    rooms = [p for p in get_resolver().url_patterns if str(p.pattern).startswith("^api/v1/")]
    addresses = [address for room in rooms for address in room.url_patterns]
    return {
        (method.upper(), route(address))
        for address in addresses
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(address.callback.view_class, method)
    }


def test_every_endpoint_has_its_row_and_is_described():
    rows = {(one.method, one.path) for one in ENDPOINTS}
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]

    described = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in paths.items()
        for method in methods
    }

    assert served() == rows
    assert described == rows


@every
def test_ones_own_rows_are_reached(endpoint, machine, own, foreign):
    answer = called(machine, endpoint, own)

    assert answer.status_code == endpoint.own, answer.content
    assert "json" in answer.headers["Content-Type"]


@by_id
def test_the_rows_of_another_organization_are_not(endpoint, machine, own, foreign):
    before = everything()

    answer = called(machine, endpoint, foreign)

    if endpoint.foreign == "nothing":
        assert answer.status_code == 200
        records = answer.json()["records"]
        assert foreign.workspace_id not in json.dumps(records)
        assert "Somebody else" not in answer.text
    else:
        known = {"unknown": (404, "NotFound"), "refused": (400, "BadRequest")}
        refusal(answer, *known[endpoint.foreign])
    assert everything() == before


@by_id
def test_a_key_limited_to_another_workspace_reaches_nothing_either(endpoint, own, foreign):
    organization = Organization.objects.get(pk=own.organization_id)
    elsewhere = make_world(organization)
    machine = make_machine(organization, workspaces=[elsewhere.workspace_id])
    before = everything()

    answer = called(machine, endpoint, own)

    if endpoint.foreign == "nothing":
        assert own.workspace_id not in answer.text
        assert elsewhere.workspace_id in answer.text
    else:
        assert answer.status_code == (404 if endpoint.foreign == "unknown" else 400)
    assert everything() == before


@every
def test_without_a_token_nothing_opens(endpoint, machine, own):
    before = everything()

    answer = called(machine, endpoint, own, Authorization="")

    refusal(answer, 401, "Unauthorized")
    assert everything() == before


@every
def test_a_token_for_another_organization_is_refused(endpoint, machine, own, foreign):
    token = machine.token(org=foreign.organization_id)

    answer = called(machine, endpoint, own, Authorization=f"Bearer {token}")

    refusal(answer, 403, "Forbidden")


@every
def test_a_read_only_key_reads_and_changes_nothing(endpoint, own):
    organization = Organization.objects.get(pk=own.organization_id)
    machine = make_machine(organization, read_only=True)
    before = everything()

    answer = called(machine, endpoint, own)

    if endpoint.method == "GET":
        assert answer.status_code == endpoint.own
    else:
        refusal(answer, 403, "Forbidden")
        assert everything() == before


@every
def test_both_spellings_of_a_slash_lead_to_the_same(endpoint, machine, own):
    twice = called(machine, endpoint, own, Accept="text/html")
    path = f"/api/v1/{own.fill(endpoint.path)}/"

    again = machine.call(endpoint.method, path, b"\x00")

    assert twice.status_code == endpoint.own
    assert MESSAGES[404] not in again.text


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e not in POSTING], ids=str)
def test_no_page_of_a_browser_may_read_the_answer(endpoint, machine, own):
    answer = called(machine, endpoint, own, Origin="https://app.northstar.io")

    assert answer.status_code == endpoint.own
    assert not any(name.lower().startswith("access-control-") for name in answer.headers)
