"""Event types and resources by the contract: bare arrays of a workspace's keys.

Source: Meshes API wire contract, sections 4 and 9.1.
"""

from __future__ import annotations

import pytest
from django.utils import timezone

from rules.models import EventType, ResourceType
from tests.builders import make_workspace
from tests.contract.shapes import FLAG, ID, TEXT_OR_NULL, TIME, WORD, fits, strict

ENTRY = strict(
    {"id": ID, "key": WORD, "label": WORD, "description": TEXT_OR_NULL}
    | {"created_by": TEXT_OR_NULL, "created_at": TIME, "updated_at": TIME},
    optional={"active": FLAG},
)
BARE = {"type": "array", "items": ENTRY}

both = pytest.mark.parametrize(
    ("address", "table"), [("event-types", EventType), ("resources", ResourceType)]
)


@both
def test_the_answer_is_a_bare_array_by_key(machine, workspace, address, table):
    table.objects.create(workspace=workspace, key="page.viewed", label="Viewed", active=False)
    table.objects.create(
        workspace=workspace, key="page.completed", label="Completed", description="At the end"
    )
    table.objects.create(workspace=workspace, key="gone", label="Gone", deleted_at=timezone.now())

    shown = fits(machine.ask("GET", f"/workspaces/{workspace.pk}/{address}"), BARE)

    assert [(one["key"], one["active"]) for one in shown] == [
        ("page.completed", True),
        ("page.viewed", False),
    ]
    assert [one["description"] for one in shown] == ["At the end", None]
    assert shown[0]["created_by"] == "system"


@both
def test_a_workspace_without_keys_has_an_empty_array(machine, workspace, address, table):
    other = make_workspace(organization=machine.key.organization)
    table.objects.create(workspace=other, key="page.completed", label="Completed")

    assert machine.ask("GET", f"/workspaces/{workspace.pk}/{address}?limit=1&x=y") == []
