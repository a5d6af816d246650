"""The addresses of connections: thin edges around `connections.saving`.

Deleting one concerns its rules, so that method is added in the room of the rules.
Source: Meshes API wire contract, sections 5 (16, 21 to 24) and 10.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from connections import connection_answers as says
from connections.connection_bodies import (
    edited_draft,
    new_draft,
    refusals_told,
    sent_connection,
)
from connections.connection_records import connection_record
from connections.models import Connection
from connections.saving import save_connection
from meshes.api_views import ApiView
from meshes.body_fields import BodyFields
from meshes.models import Workspace
from meshes.pagination import whole

NO_WORKSPACE = "names no workspace that this key reaches"


class ConnectionsView(ApiView):
    """All connections, and new ones."""

    @extend_schema(**says.LIST)
    def get(self, request: Request) -> HttpResponse:
        """Every connection that the key reaches, newest first."""
        return self.answer(listed(self.rows(Connection.objects.live())))

    @extend_schema(**says.CREATE)
    def post(self, request: Request) -> HttpResponse:
        """A new connection whose credentials were tried for real."""
        fields = BodyFields(self.body())
        kind = fields.text("type", required=True)
        workspace = self._named_workspace(fields)
        sent = sent_connection(fields)
        draft = new_draft(sent, workspace=workspace, kind=kind or "")
        with refusals_told():
            saved = save_connection(draft, by=self.caller.created_by, now=timezone.now())
        record = connection_record(saved.connection, known=True)
        return self.answer({"connection": record}, status=201)

    def _named_workspace(self, fields: BodyFields) -> Workspace:
        workspace_id = fields.uuid("workspace", required=True)
        found = self.workspaces().filter(pk=workspace_id).first() if workspace_id else None
        if workspace_id and found is None:
            fields.fault("workspace", NO_WORKSPACE)
        return found or Workspace()  # never used: the fault is refused before


class WorkspaceConnectionsView(ApiView):
    """The connections of one workspace."""

    @extend_schema(**says.LIST_OF_WORKSPACE)
    def get(self, request: Request, workspace_id: UUID) -> HttpResponse:
        """All of them, newest first."""
        workspace = self.workspace(workspace_id)
        return self.answer(listed(Connection.objects.live().filter(workspace=workspace)))


class ConnectionView(ApiView):
    """One connection; `rules.connection_view` adds the method that deletes it."""

    @extend_schema(**says.SHOW)
    def get(self, request: Request, connection_id: UUID) -> HttpResponse:
        """The connection with the tags and lists last read."""
        return self.answer(connection_record(self.connection(connection_id), known=True))

    @extend_schema(**says.UPDATE)
    def put(self, request: Request, connection_id: UUID) -> HttpResponse:
        """The connection as it is after the update; its credentials are tried first."""
        connection = self.connection(connection_id)
        draft = edited_draft(sent_connection(BodyFields(self.body())), connection)
        with refusals_told():
            saved = save_connection(
                draft, connection=connection, by=self.caller.created_by, now=timezone.now()
            )
        return self.answer(connection_record(saved.connection, known=True))

    def connection(self, connection_id: UUID) -> Connection:
        """The connection.

        Raises: NotFound.
        """
        live = Connection.objects.live().select_related("workspace", "account")
        found: Connection = self.found(live, noun="connection", pk=connection_id)
        return found


def listed(connections: QuerySet[Connection]) -> dict[str, Any]:
    """The envelope of these connections, newest first."""
    return whole([connection_record(one) for one in connections.order_by("-created_at", "-pk")])
