"""All that an attempt needs to know, read with one statement.

Why: this runs for every attempt; the same through the ORM costs more than the call itself.
What never changes, a rule's version with its mapping, is kept in memory.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, models

from connections.destinations.base import KnownContact
from connections.models import Connection
from deliveries.claiming import TABLE, Claim
from deliveries.models import Delivery, Event
from meshes.statements import prepared_cursor
from rules.models import RuleVersion

NAMES = frozenset(
    "id uuid event_id workspace_id rule_id rule_version_id connection_id account_id action "
    "target_kind target_id email is_test trigger asked_by priority insist released_at "
    "cancel_asked_at run_attempts attempt_count tries retry_until paused_mark status_before "
    "reason applied_id progress".split()
)
EVENT_NAMES = ("id", "uuid", "event", "payload")
FIELDS = [field for field in Delivery._meta.concrete_fields if field.attname in NAMES]
SQL = f"""
SELECT {", ".join(f"d.{field.column}" for field in FIELDS)}, e.uuid, e.event, e.payload,
  r.deleted_at IS NOT NULL, c.active, c.deleted_at IS NOT NULL, c.updated_at,
  a.last_timeout_at IS NOT NULL, k.external_id, k.fields_hash, k.links
FROM {TABLE} d
JOIN deliveries_event e ON e.id = d.event_id
JOIN rules_rule r ON r.id = d.rule_id
JOIN connections_connection c ON c.id = d.connection_id
JOIN connections_account a ON a.id = d.account_id
LEFT JOIN connections_contactcache k ON k.account_id = d.account_id AND k.email = d.email
WHERE d.id = %s
"""  # noqa: S608

VERSIONS_KEPT = 4096
CONNECTIONS_KEPT = 1024


@dataclass(frozen=True, slots=True)
class Loaded:
    """A delivery in hand with its event, version and connection.

    Shape: `known` is what we remember of the contact; `silent` says that the
    account's last call got no answer in time.
    """

    delivery: Delivery
    known: KnownContact
    rule_deleted: bool
    silent: bool


def load(claim: Claim) -> Loaded:
    """What the attempt of a claimed delivery needs.

    Shape: columns that no attempt reads are left out, as by `only`.
    """
    with prepared_cursor() as cursor:
        cursor.execute(SQL, [claim.delivery_id])
        row = cursor.fetchone()
    delivery = Delivery.from_db(DEFAULT_DB_ALIAS, NAMES, _converted(row[: len(FIELDS)]))
    delivery.progress = _parsed(delivery.progress)
    public_id, event, payload, rule_gone, active, gone, changed_at, silent, *known = row[
        len(FIELDS) :
    ]
    read = (delivery.event_id, _uuid(public_id), event, _parsed(payload))
    delivery.event = Event.from_db(DEFAULT_DB_ALIAS, EVENT_NAMES, read)
    delivery.rule_version = _version(delivery.rule_version_id)
    delivery.connection = copy.copy(_connection(delivery.connection_id, (changed_at, active, gone)))
    return Loaded(delivery, _known(known), bool(rule_gone), bool(silent))


def _converted(values: Sequence[Any]) -> Sequence[Any]:
    """The columns as Python has them; PostgreSQL's driver has done it already."""
    if connection.vendor != "sqlite":
        return values
    return [
        value if convert is None or value is None else convert(value)
        for convert, value in zip(CONVERTERS, values, strict=True)
    ]


@lru_cache(maxsize=VERSIONS_KEPT)
def _version(version_id: UUID) -> RuleVersion:
    return RuleVersion.objects.select_related("mapping").get(pk=version_id)


@lru_cache(maxsize=CONNECTIONS_KEPT)
def _connection(connection_id: UUID, _state: tuple[Any, ...]) -> Connection:
    """The connection; `_state` changes with every change of it."""
    found: Connection = Connection.objects.get(pk=connection_id)
    return found


def _known(row: Sequence[Any]) -> KnownContact:
    contact_id, fields_hash, links = row
    return (
        KnownContact() if links is None else KnownContact(contact_id, fields_hash, _parsed(links))
    )


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _moment(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)


def _converter(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    own = field.target_field if isinstance(field, models.ForeignKey) else field
    convert: Mapping[type, Callable[[Any], Any]] = {
        models.UUIDField: UUID,
        models.DateTimeField: _moment,
        models.BooleanField: bool,
    }
    return convert.get(type(own))


CONVERTERS = [_converter(field) for field in FIELDS]
