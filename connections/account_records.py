"""What the API says of an account: its tags and lists by action, and its contact fields.

Source: Meshes API wire contract, sections 10.4 and 10.5.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid5

from connections import destinations
from connections.catalog import visible_catalog
from connections.destinations.base import CatalogItem
from connections.integrations import DATA_KEYS, action_record, data_key
from connections.models import CatalogEntry, Connection
from meshes.wire import wire_time, without_unset

Choices = dict[str, list[dict[str, str]]]

FIELD_TYPES = frozenset(
    "string number boolean date datetime enum multi_enum json object array unknown".split()
)
FORMATS = {"email": "email", "phone": "phone"}
"""What the standard fields hold, by their keys."""

REQUIRED = "email"


def action_data(connection: Connection) -> Choices | None:
    """The tags and lists by the keys of the actions' data; None before they were read."""
    if connection.account.catalog_refreshed_at is None:
        return None
    return _choices(connection)


def actions_record(connection: Connection) -> dict[str, Any]:
    """Each action with what the account offers for it, ids as texts."""
    choices = _choices(connection)
    records = {}
    for action in destinations.destination(connection.kind).actions:
        key = data_key(action)
        record = action_record(action)
        records[action.key] = {**record, "data": {key: choices[key]} if key else {}}
    return {"actions": records}


def fields_record(connection: Connection) -> dict[str, Any]:
    """The contact fields that a mapping may fill, standard ones first.

    Shape: `id` is the same each time; `catalog_version` changes with the
    account's own fields. Raises: ValueError before the account was read.
    """
    read_at = connection.account.catalog_refreshed_at
    if read_at is None:
        raise ValueError("The account was not read yet.")
    core = destinations.destination(connection.kind).core_fields
    held = visible_catalog(connection).present().filter(kind="field").order_by("folded", "pk")
    return {
        "id": str(uuid5(connection.pk, "field catalog")),
        "workspace_id": str(connection.workspace_id),
        "connection_id": str(connection.pk),
        "integration_type": connection.kind,
        "catalog_version": connection.account.catalog_version,
        "refreshed_at": wire_time(read_at),
        "created_by": "system",
        "created_at": wire_time(connection.created_at),
        "updated_at": wire_time(read_at),
        "fields": [*map(_core_field, core), *map(_own_field, held)],
    }


def _choices(connection: Connection) -> Choices:
    entries = visible_catalog(connection).present().filter(kind__in=DATA_KEYS)
    choices: Choices = {key: [] for key in DATA_KEYS.values()}
    rows = entries.order_by("folded", "pk").values_list("kind", "external_id", "label")
    for kind, external_id, label in rows:
        choices[DATA_KEYS[kind]].append({"id": external_id, "name": label})
    return choices


def _core_field(item: CatalogItem) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if item.id in FORMATS:
        constraints["format"] = FORMATS[item.id]
    if item.id == REQUIRED:
        constraints["required"] = True
    return _field(item.id, item.label, item.type, constraints)


def _own_field(entry: CatalogEntry) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if entry.type in ("date", "datetime"):
        constraints["format"] = entry.type
    if entry.options:
        constraints["allowed_values"] = [str(option) for option in entry.options]
    field = _field(entry.external_id, entry.label, entry.type, constraints)
    return {**field, "provider_meta": {"field_id": entry.external_id, **entry.detail}}


def _field(key: str, label: str, type_: str, constraints: dict[str, Any]) -> dict[str, Any]:
    known = type_ if type_ in FIELD_TYPES else "unknown"
    field = {"key": key, "label": label or None, "type": known}
    return without_unset({**field, "constraints": constraints or None})
