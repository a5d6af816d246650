"""The address of a connection's default mapping: a thin edge around `rules.mapping_versions`.

Source: Meshes API wire contract, sections 5 (28 and 29) and 11.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from connections.models import Connection
from meshes.api_views import ApiView
from rules import mapping_answers as says
from rules.mapping_bodies import refusals_told, sent_mapping
from rules.mapping_versions import current_mapping, proposed_mapping, save_mapping
from rules.models import MappingVersion


class DefaultMappingView(ApiView):
    """Which values of events reach which contact fields through this connection."""

    @extend_schema(**says.SHOW)
    def get(self, request: Request, connection_id: UUID) -> HttpResponse:
        """The stored mapping, or the one that is used as long as nobody stored any."""
        return self.answer(says.mapping_record(_mapping(self._connection(connection_id))))

    @extend_schema(**says.UPDATE)
    def put(self, request: Request, connection_id: UUID) -> HttpResponse:
        """The mapping's next version, which replaces the whole of it."""
        connection = self._connection(connection_id)
        with refusals_told():
            draft = sent_mapping(self.body(), current=_mapping(connection))
            saved = save_mapping(
                connection, draft=draft, by=self.caller.created_by, now=timezone.now()
            )
        return self.answer(says.mapping_record(saved))

    def _connection(self, connection_id: UUID) -> Connection:
        live = Connection.objects.live().select_related("account")
        found: Connection = self.found(live, noun="connection", pk=connection_id)
        return found


def _mapping(connection: Connection) -> MappingVersion:
    stored = current_mapping(connection.pk)
    return stored or proposed_mapping(connection, by="system", now=connection.created_at)
