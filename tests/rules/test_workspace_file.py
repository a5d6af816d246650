"""The file of a workspace says everything that was decided there, and is read strictly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rules.exported_files import FileUnusable
from rules.rules_file import Entry
from rules.workspace_file import (
    ConnectionEntry,
    MappingEntry,
    NameEntry,
    RuleEntry,
    WorkspaceFile,
    written,
)
from rules.workspace_reading import MOST_BYTES, read

NOW = timezone.now()
# Every character that a text of the database may hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
NAMES = st.builds(NameEntry, key=TEXTS, label=TEXTS, description=st.none() | TEXTS)
RULE = RuleEntry(
    said=Entry(name="Step 3", event="page.completed", connection="Acme AC", action="sync_contact"),
    hidden=True,
    metadata={"name": "x"},
)
FULL = WorkspaceFile(
    name="Production",
    description="The product",
    event_types=(NameEntry(key="page.completed", label="Page completed", active=False),),
    resource_types=(NameEntry(key="global", label="Global", description="Everything"),),
    connections=(
        ConnectionEntry(
            name="Acme AC",
            kind="activecampaign",
            values={"api_url": "https://acme.api-us1.com"},
            active=False,
            hidden=True,
            bulk_import=True,
            requests_per_second=4.5,
            mapping=MappingEntry(name="Ours", schema={"fields": []}, fields={"7": "Plan"}),
        ),
    ),
    rules=(RULE,),
    alert_contacts=("ops@example.com",),
)


def spoiled(change: Any) -> bytes:
    """The full file after somebody edited it by hand."""
    body = json.loads(written(FULL, now=NOW))
    change(body)
    return json.dumps(body).encode()


def test_what_is_written_reads_as_it_was():
    assert read(written(FULL, now=NOW).encode()) == FULL


@given(names=st.lists(NAMES, max_size=3), name=TEXTS)
@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_names_read_as_they_were(names, name):
    file = WorkspaceFile(name=name, event_types=tuple(names))

    assert read(written(file, now=NOW).encode()) == file


def test_what_is_as_usual_is_left_out():
    lean = ConnectionEntry(name="Acme AC", kind="activecampaign", values={})

    body = json.loads(written(WorkspaceFile(name="Production", connections=(lean,)), now=NOW))

    assert body["workspace"] == {"name": "Production"}
    assert body["connections"] == [{"name": "Acme AC", "kind": "activecampaign", "values": {}}]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda body: body.update(format="meshes.rules"), "This is no exported workspace."),
        (lambda body: body.update(version=2), "This release reads version 1 of the file."),
        (lambda body: body.update(secret="x"), "The file says “secret”, which this release"),
        (lambda body: body.pop("workspace"), "The file says no “workspace”."),
        (lambda body: body["workspace"].update(name=3), "“workspace”: “name” must be a text."),
        (lambda body: body["workspace"].update(id="x"), "“workspace” says “id”, which this"),
        (lambda body: body.update(rules={}), "The file: “rules” must be a list."),
        (lambda body: body.update(rules=[3]), "number 1 of “rules” must be an object."),
        (
            lambda body: body["rules"][0]["then"].update(tag="x"),
            "number 1 of “rules” says “tag”, which this release does not know.",
        ),
        (
            lambda body: body["connections"][0].update(api_key="x"),
            "number 1 of “connections” says “api_key”, which this release does not know.",
        ),
        (
            lambda body: body["connections"][0].update(values={"api_url": 1}),
            "number 1 of “connections”: every value of “values” must be a text.",
        ),
        (
            lambda body: body["connections"][0].update(requests_per_second=True),
            "number 1 of “connections”: “requests_per_second” must be a number.",
        ),
        (
            lambda body: body["connections"][0]["mapping"].pop("schema"),
            "number 1 of “connections”, its mapping says no “schema”.",
        ),
        (
            lambda body: body["event_types"][0].update(active="yes"),
            "number 1 of “event_types”: “active” must be true or false.",
        ),
        (lambda body: body.update(alert_contacts=[1]), "number 1 of “alert_contacts” must be a"),
    ],
)
def test_an_odd_file_is_refused_with_the_place(change, sentence):
    with pytest.raises(FileUnusable) as refused:
        read(spoiled(change))

    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"no json", "The file is no JSON that can be read."),
        (b"[]", "This is no exported workspace."),
        (b'{"format": 1, "format": 2}', "The file is no JSON that can be read."),
        (b" " * (MOST_BYTES + 1), "The file is larger than 32 MiB"),
    ],
    ids=["text", "array", "twice", "large"],
)
def test_what_is_no_such_file_is_refused(raw, sentence):
    with pytest.raises(FileUnusable, match=sentence):
        read(raw)
