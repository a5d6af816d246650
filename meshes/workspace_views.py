"""The addresses of workspaces: thin edges around `meshes.workspaces`.

Source: Meshes API wire contract, sections 5 (12 to 15) and 9.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from meshes import workspace_answers as says
from meshes.api_errors import Conflict, Forbidden, NotFound
from meshes.api_views import ApiView
from meshes.body_fields import BodyFields
from meshes.models import Organization, PublishableKey, Workspace
from meshes.pagination import whole
from meshes.workspaces import (
    DESCRIPTION_LENGTH,
    KEEP,
    NAME_PATTERN,
    NAME_RULE,
    NameTaken,
    create_workspace,
    edit_workspace,
)

LIMITED = "This machine key is limited to chosen workspaces, so it may not create one."


class WorkspacesView(ApiView):
    """All workspaces, and new ones."""

    @extend_schema(**says.LIST)
    def get(self, request: Request) -> HttpResponse:
        """Every workspace that the key reaches, newest first."""
        workspaces = self.workspaces().order_by("-created_at", "-pk")
        return self.answer(whole([says.workspace_record(one) for one in workspaces]))

    @extend_schema(**says.CREATE)
    def post(self, request: Request) -> HttpResponse:
        """A new workspace with its first publishable key."""
        if self.caller.workspace_ids is not None:
            raise Forbidden(LIMITED)
        values = _values(self.body())
        organization = Organization.objects.get(pk=self.caller.organization_id)
        description = values.get("description")
        try:
            workspace, _ = create_workspace(
                values["name"],
                organization=organization,
                by=self.caller.created_by,
                description=description,
            )
        except NameTaken as error:
            raise Conflict(str(error)) from None
        return self.answer({"workspace": says.workspace_record(workspace)}, status=201)


class WorkspaceView(ApiView):
    """One workspace."""

    @extend_schema(**says.SHOW)
    def get(self, request: Request, workspace_id: UUID) -> HttpResponse:
        """The workspace and its newest usable publishable key."""
        workspace = self.workspace(workspace_id)
        usable = PublishableKey.objects.usable(timezone.now()).filter(workspace=workspace)
        return self.answer(
            says.workspace_with_key(workspace, usable.order_by("-created_at").first())
        )

    @extend_schema(**says.UPDATE)
    def put(self, request: Request, workspace_id: UUID) -> HttpResponse:
        """The workspace under its new name and description."""
        workspace = self.workspace(workspace_id)
        values = _values(self.body())
        try:
            edited = edit_workspace(
                workspace,
                name=values["name"],
                description=values.get("description", KEEP),
                by=self.caller.created_by,
            )
        except NameTaken as error:
            raise Conflict(str(error)) from None
        except Workspace.DoesNotExist:  # deleted in this moment
            raise NotFound("There is no such workspace.") from None
        return self.answer(says.workspace_record(edited))


def _values(body: dict[str, Any]) -> dict[str, Any]:
    """The checked fields that were sent."""
    fields = BodyFields(body)
    name = fields.text("name", required=True)
    if name is not None and not re.fullmatch(NAME_PATTERN, name.strip(" ")):
        fields.fault("name", NAME_RULE)
    description = fields.text("description", nullable=True, longest=DESCRIPTION_LENGTH)
    fields.refuse_faults()
    sent = {"description": description} if fields.has("description") else {}
    return {"name": name, **sent}
