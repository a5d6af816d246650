"""A workspace's whole configuration as a file that people read and carry to another place.

Pure; `rules.workspace_reading` reads what this writes, docs/workspace-file.md describes it. It
holds no secret and no id of any account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rules.rules_file import Entry, told

FORMAT, VERSION = "meshes.workspace", 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NameEntry:
    """An event or resource that the product may name."""

    key: str
    label: str
    description: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingEntry:
    """A field mapping of a connection.

    Shape: `fields` names the account's own fields that the schema means by id,
    since another account has other ids.
    """

    name: str
    schema: Mapping[str, Any]
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEntry:
    """A connection without its secrets; `values` are the declared fields that are none."""

    name: str
    kind: str
    values: Mapping[str, str]
    active: bool = True
    hidden: bool = False
    bulk_import: bool = False
    requests_per_second: float | None = None
    mapping: MappingEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """A rule as a file of rules says it, and what only its client knows of."""

    said: Entry
    hidden: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceFile:
    """Everything that people and clients decided about one workspace."""

    name: str
    description: str | None = None
    event_types: tuple[NameEntry, ...] = ()
    resource_types: tuple[NameEntry, ...] = ()
    connections: tuple[ConnectionEntry, ...] = ()
    rules: tuple[RuleEntry, ...] = ()
    alert_contacts: tuple[str, ...] = ()


def written(file: WorkspaceFile, *, now: datetime) -> str:
    """The text of the file; what is as it would be anyway is left out."""
    body = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": now.isoformat(),
        "workspace": _lean({"name": file.name, "description": file.description}),
        "event_types": [_name_told(entry) for entry in file.event_types],
        "resource_types": [_name_told(entry) for entry in file.resource_types],
        "connections": [_connection_told(entry) for entry in file.connections],
        "rules": [_rule_told(entry) for entry in file.rules],
        "alert_contacts": list(file.alert_contacts),
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _lean(members: dict[str, Any], **usual: Any) -> dict[str, Any]:
    """The members without those that are null or as usual."""
    return {
        name: value
        for name, value in members.items()
        if value is not None and not (name in usual and value == usual[name])
    }


def _name_told(entry: NameEntry) -> dict[str, Any]:
    said = {"key": entry.key, "label": entry.label}
    return _lean({**said, "description": entry.description, "active": entry.active}, active=True)


def _connection_told(entry: ConnectionEntry) -> dict[str, Any]:
    mapping = entry.mapping
    members = {
        "name": entry.name,
        "kind": entry.kind,
        "values": dict(entry.values),
        "active": entry.active,
        "hidden": entry.hidden,
        "bulk_import": entry.bulk_import,
        "requests_per_second": entry.requests_per_second,
        "mapping": mapping
        and _lean(
            {"name": mapping.name, "schema": mapping.schema, "fields": mapping.fields}, fields={}
        ),
    }
    return _lean(members, active=True, hidden=False, bulk_import=False)


def _rule_told(entry: RuleEntry) -> dict[str, Any]:
    return {
        **told(entry.said),
        **_lean({"hidden": entry.hidden, "metadata": entry.metadata}, hidden=False, metadata={}),
    }
