"""The address of one connection, whole: its deletion may take rules along.

Source: Meshes API wire contract, sections 5 (25) and 10.3.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from connections import connection_answers as says
from connections.connection_bodies import refusals_told
from connections.connection_views import ConnectionView
from connections.models import Connection
from connections.saving import delete_connection
from meshes.api_errors import NotFound
from meshes.body_fields import BodyFields
from rules.connection_removing import delete_with_rules


class WholeConnectionView(ConnectionView):
    """One connection: shown, updated, deleted."""

    @extend_schema(**says.DELETE)
    def delete(self, request: Request, connection_id: UUID) -> HttpResponse:
        """What was deleted; its rules go too when that is forced."""
        connection = self.connection(connection_id)
        fields = BodyFields(self.body(optional=True))
        force = fields.flag("force_delete", default=False)
        fields.refuse_faults()
        delete = delete_with_rules if force else delete_connection
        try:
            with refusals_told():
                delete(connection, by=self.caller.created_by, now=timezone.now())
        except Connection.DoesNotExist:
            raise NotFound("There is no such connection.") from None
        return self.answer({"id": str(connection.pk), "type": connection.kind})
