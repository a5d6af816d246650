"""Counts what is held over connections, up to a limit, for the pages of connections."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.urls import reverse

from connections.models import Connection
from connections.waiting import Held
from deliveries.claiming import as_uuid
from deliveries.models import Delivery

MOST = 1_000
_COUNT = f"""
SELECT c.id, (
    SELECT COUNT(*) FROM (
        SELECT 1 FROM {Delivery._meta.db_table} AS d
        WHERE d.connection_id = c.id AND NOT (d.held_reason = '') LIMIT {MOST + 1}
    ) AS counted
) FROM {Connection._meta.db_table} AS c WHERE c.id IN ({{ids}})
"""  # noqa: S608


def held_over(connections: Collection[UUID]) -> Mapping[UUID, Held]:
    """What is held over each connection, with the address of the list; one query."""
    ids = ", ".join(["%s"] * len(connections))
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(ids=ids), [as_uuid(each) for each in connections])
        rows = cursor.fetchall()
    return {
        found: Held(min(count, MOST), count > MOST, _address(found))
        for pk, count in rows
        if count
        for found in (pk if isinstance(pk, UUID) else UUID(pk),)
    }


def _address(pk: UUID) -> str:
    asked = urlencode({"connection": str(pk), "status": "held"})
    return f"{reverse('admin:deliveries_delivery_changelist')}?{asked}"
