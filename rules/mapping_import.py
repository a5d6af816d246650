"""A mapping that comes from another account, said in the ids of this one."""

from __future__ import annotations

from typing import Any

from connections.models import Connection
from rules.targets import core_fields_of, held_fields
from rules.workspace_file import MappingEntry


def translated(entry: MappingEntry, *, connection: Connection) -> tuple[dict[str, Any], list[str]]:
    """The schema with this account's ids, and the names of fields that it does not have.

    Shape: a field is found by its exact name; core fields keep their ids.
    """
    core = {item.id for item in core_fields_of(connection.kind)}
    held = held_fields(connection).filter(label__in=set(entry.fields.values()))
    here = dict(held.values_list("label", "external_id"))
    fields, unknown = [], []
    for field in _fields(entry):
        dest = field.get("dest")
        name = entry.fields.get(str(dest), "")
        if dest in core or not name:
            fields.append(field)
        elif name in here:
            fields.append({**field, "dest": here[name]})
        else:
            unknown.append(name)
    rest = {name: value for name, value in entry.schema.items() if name != "fields"}
    return {**rest, "fields": fields}, unknown


def _fields(entry: MappingEntry) -> list[dict[str, Any]]:
    found = entry.schema.get("fields")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
