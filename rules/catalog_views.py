"""The addresses of a workspace's event types and resources, which answer bare arrays.

Source: Meshes API wire contract, sections 4, 5 (19 and 20) and 9.1.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from meshes.api_views import ApiView
from rules import catalog_answers as says
from rules.models import CatalogKey, EventType, ResourceType


class CatalogView(ApiView):
    """What both addresses share."""

    model: type[CatalogKey]

    def entries(self, workspace_id: UUID) -> HttpResponse:
        """Every key of the workspace, by key."""
        workspace = self.workspace(workspace_id)
        entries = self.model.objects.live().filter(workspace=workspace).order_by("key")
        return self.answer([says.catalog_record(entry) for entry in entries])


class EventTypesView(CatalogView):
    """Event names that the workspace's product sends."""

    model = EventType

    @extend_schema(**says.EVENT_TYPES)
    def get(self, request: Request, workspace_id: UUID) -> HttpResponse:
        """All event types."""
        return self.entries(workspace_id)


class ResourcesView(CatalogView):
    """Resources that the workspace's events are about."""

    model = ResourceType

    @extend_schema(**says.RESOURCES)
    def get(self, request: Request, workspace_id: UUID) -> HttpResponse:
        """All resources."""
        return self.entries(workspace_id)
