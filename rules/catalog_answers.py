"""What the API says of a workspace's event types and resources.

Source: Meshes API wire contract, section 9.1.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from meshes.openapi import UNKNOWN_WORKSPACE, answer, described
from meshes.wire import wire_time
from rules.models import CatalogKey

EXAMPLE = {
    "id": "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9",
    "key": "page.completed",
    "label": "Page completed",
    "description": "A learner finished a page",
    "active": True,
    "created_by": "createworkspace",
    "created_at": "2026-05-01T08:00:00.000Z",
    "updated_at": "2026-05-01T08:00:00.000Z",
}


def catalog_record(entry: CatalogKey) -> dict[str, Any]:
    """One key that events may carry; description and author are always there."""
    return {
        "id": str(entry.pk),
        "key": entry.key,
        "label": entry.label,
        "description": entry.description or None,
        "active": entry.active,
        "created_by": entry.created_by or None,
        "created_at": wire_time(entry.created_at),
        "updated_at": wire_time(entry.updated_at),
    }


class CatalogKeySerializer(serializers.Serializer[Any]):
    """A key that events may carry, with words for people."""

    id = serializers.UUIDField()
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField(allow_null=True)
    active = serializers.BooleanField(required=False)
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def _listed(operation_id: str, noun: str, example: dict[str, Any]) -> dict[str, Any]:
    return described(
        operation_id,
        summary=f"List a workspace's {noun}",
        tag="Workspaces",
        answers={
            200: answer(
                CatalogKeySerializer(many=True),
                f"All {noun} of the workspace, by key; a bare array.",
                ("One", example),  # drf-spectacular puts it into an array itself
            )
        },
        errors={404: UNKNOWN_WORKSPACE},
    )


EVENT_TYPES = _listed("listWorkspaceEventTypes", "event types", EXAMPLE)
RESOURCES = _listed(
    "listWorkspaceResources",
    "resources",
    {**EXAMPLE, "key": "global", "label": "Global", "description": None},
)
