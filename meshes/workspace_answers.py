"""What the API says of a workspace, and how its description declares it.

Source: Meshes API wire contract, section 9.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from meshes.api_errors import Fault
from meshes.models import PublishableKey, Workspace
from meshes.openapi import UNKNOWN_WORKSPACE, answer, described, list_of, refusal
from meshes.wire import wire_time
from meshes.workspaces import DESCRIPTION_LENGTH, NAME_PATTERN, NAME_RULE

WORKSPACE_ID = "6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77"
TAG = "Workspaces"
EXAMPLE = {
    "id": WORKSPACE_ID,
    "name": "Northwind prod",
    "description": None,
    "created_at": "2026-05-01T08:00:00.000Z",
    "updated_at": "2026-05-01T08:00:00.000Z",
}
EXAMPLE_KEY = {
    "name": "Default",
    "public_key": "mesh_pub_v1_6b1f0d9c_n7Qk24fZt9Lw0Xy8bRc3VdGs5HjKm1PaTqWeZuYo",
}


def workspace_record(workspace: Workspace) -> dict[str, Any]:
    """The workspace as lists, creates and updates show it."""
    return {
        "id": str(workspace.pk),
        "name": workspace.name,
        "description": workspace.description,
        "created_at": wire_time(workspace.created_at),
        "updated_at": wire_time(workspace.updated_at),
    }


def workspace_with_key(workspace: Workspace, key: PublishableKey | None) -> dict[str, Any]:
    """The workspace as it shows itself alone; without a usable key the texts are empty."""
    shown = {"name": key.name if key else "", "public_key": key.key if key else ""}
    return {**workspace_record(workspace), "publishable_key": shown}


class WorkspaceSerializer(serializers.Serializer[Any]):
    """A workspace."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ShownKeySerializer(serializers.Serializer[Any]):
    """The workspace's newest usable publishable key; both texts are empty without one."""

    name = serializers.CharField(allow_blank=True)
    public_key = serializers.CharField(allow_blank=True)


class WorkspaceWithKeySerializer(WorkspaceSerializer):
    """A workspace and its publishable key."""

    publishable_key = ShownKeySerializer()


class CreatedWorkspaceSerializer(serializers.Serializer[Any]):
    """The answer to a create."""

    workspace = WorkspaceSerializer()


class WorkspaceBodySerializer(serializers.Serializer[Any]):
    """What a client sends of a workspace."""

    name = serializers.RegexField(NAME_PATTERN, min_length=3, max_length=50)
    description = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=DESCRIPTION_LENGTH
    )


INVALID = refusal(
    400,
    "The body is malformed or invalid; nothing was changed.",
    message="One or more fields are invalid.",
    data=(Fault("name", NAME_RULE),),
)
TAKEN = refusal(
    409,
    "Another workspace has this name.",
    message="Default already has a workspace named Northwind prod. Choose another name.",
)

LIST = described(
    "listWorkspaces",
    summary="List the workspaces",
    tag=TAG,
    answers={
        200: answer(
            list_of(WorkspaceSerializer, name="WorkspaceList"),
            "All workspaces that the key reaches, newest first.",
            ("One workspace", {"count": 1, "limit": 1, "next_cursor": None, "records": [EXAMPLE]}),
        )
    },
)
CREATE = described(
    "createWorkspace",
    summary="Create a workspace",
    tag=TAG,
    request=WorkspaceBodySerializer,
    examples=[("A workspace", {"name": "Northwind prod", "description": "The live product"})],
    answers={
        201: answer(
            CreatedWorkspaceSerializer,
            "The workspace is there and has a publishable key.",
            ("Created", {"workspace": {**EXAMPLE, "description": "The live product"}}),
        )
    },
    errors={400: INVALID, 409: TAKEN},
)
SHOW = described(
    "getWorkspace",
    summary="Show a workspace with its publishable key",
    tag=TAG,
    answers={
        200: answer(
            WorkspaceWithKeySerializer,
            "The workspace; only here its publishable key is shown.",
            ("A workspace", {**EXAMPLE, "publishable_key": EXAMPLE_KEY}),
        )
    },
    errors={404: UNKNOWN_WORKSPACE},
)
UPDATE = described(
    "updateWorkspace",
    summary="Rename or describe a workspace",
    tag=TAG,
    request=WorkspaceBodySerializer,
    examples=[("Without a description", {"name": "Northwind prod", "description": None})],
    answers={
        200: answer(
            WorkspaceSerializer,
            "The workspace as it is now. A description of null clears it; left out, it stays.",
            ("A workspace", EXAMPLE),
        )
    },
    errors={400: INVALID, 404: UNKNOWN_WORKSPACE, 409: TAKEN},
)
