"""The addresses that tell what a connection's account holds.

Source: Meshes API wire contract, sections 5 (26 and 27), 10.4 and 10.5.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from connections import account_answers as says
from connections.account_records import actions_record, fields_record
from connections.catalog import CatalogUnreadable, is_stale
from connections.catching_up import ConnectionOff, caught_up
from connections.models import Connection
from meshes.api_errors import Conflict, UnprocessableEntity
from meshes.api_views import ApiView


class AccountView(ApiView):
    """What both addresses share: the connection, and its account read when need be."""

    def connection(self, connection_id: UUID) -> Connection:
        """The connection.

        Raises: NotFound.
        """
        live = Connection.objects.live().select_related("account")
        found: Connection = self.found(live, noun="connection", pk=connection_id)
        return found

    def read(self, connection: Connection, *, again: bool) -> Connection:
        """The connection whose account was read.

        Raises: Conflict while it is inactive; UnprocessableEntity when the account refuses.
        """
        try:
            return caught_up(connection, again=again, now=timezone.now())
        except ConnectionOff as error:
            raise Conflict(str(error)) from None
        except CatalogUnreadable as error:
            raise UnprocessableEntity(str(error)) from None


class ActionsView(AccountView):
    """What the connection's actions can be pointed at."""

    @extend_schema(**says.ACTIONS)
    def get(self, request: Request, connection_id: UUID) -> HttpResponse:
        """Each action with the account's tags or lists."""
        connection = self.connection(connection_id)
        if not connection.active:
            raise Conflict(
                f"The connection {connection.name} is inactive, so its account is not asked."
            )
        old = is_stale(connection.account, now=timezone.now())
        return self.answer(actions_record(self.read(connection, again=old or _refresh(request))))


class FieldsView(AccountView):
    """What a mapping can fill."""

    @extend_schema(**says.FIELDS)
    def get(self, request: Request, connection_id: UUID) -> HttpResponse:
        """The account's contact fields as last read, or anew when asked."""
        connection = self.connection(connection_id)
        return self.answer(fields_record(self.read(connection, again=_refresh(request))))


def _refresh(request: Request) -> bool:
    return request.query_params.get("refresh", "").lower() in ("true", "1")
