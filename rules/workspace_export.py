"""Reads a workspace's configuration as a file holds it. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connections import destinations
from connections.activation import BY_HAND
from connections.models import Connection
from meshes.models import AlertContact, Workspace
from rules.mapping_versions import current_mapping
from rules.models import CONDITION_FIELDS, EventType, ResourceType, Rule
from rules.rules_file import entry_of
from rules.targets import core_fields_of, held_fields
from rules.workspace_file import (
    ConnectionEntry,
    MappingEntry,
    NameEntry,
    RuleEntry,
    WorkspaceFile,
)


def collected(workspace: Workspace, *, contacts: bool = True) -> WorkspaceFile:
    """The workspace's configuration now, in an order that does not change by itself.

    Shape: without `contacts` the addresses of the alert contacts stay out.
    """
    rules = Rule.objects.live().filter(workspace=workspace).select_related("connection")
    connections = Connection.objects.live().filter(workspace=workspace).select_related("account")
    addresses = AlertContact.objects.live().filter(workspace=workspace).order_by("email")
    return WorkspaceFile(
        name=workspace.name,
        description=workspace.description,
        event_types=_names(EventType, workspace),
        resource_types=_names(ResourceType, workspace),
        connections=tuple(_connection(row) for row in connections.order_by("name")),
        rules=tuple(
            RuleEntry(said=entry_of(rule), hidden=rule.hidden, metadata=rule.metadata)
            for rule in rules.order_by(*CONDITION_FIELDS, "name", "connection__name", "pk")
        ),
        alert_contacts=tuple(addresses.values_list("email", flat=True)) if contacts else (),
    )


def _names(table: Any, workspace: Workspace) -> tuple[NameEntry, ...]:
    rows = table.objects.live().filter(workspace=workspace).order_by("key")
    said = rows.values("key", "label", "description", "active")
    return tuple(NameEntry(**row) for row in said)


def _connection(row: Connection) -> ConnectionEntry:
    declared = destinations.destination(row.kind).fields
    open_values = [item.key for item in declared if not item.secret]
    return ConnectionEntry(
        name=row.name,
        kind=row.kind,
        values={key: row.metadata[key] for key in open_values if key in row.metadata},
        # Off for its key is a state of the account, off by a person is a decision.
        active=row.active or row.inactive_reason not in ("", BY_HAND),
        hidden=row.hidden,
        bulk_import=row.bulk_import,
        requests_per_second=row.account.requests_per_second,
        mapping=_mapping(row),
    )


def _mapping(row: Connection) -> MappingEntry | None:
    current = current_mapping(row.pk)
    if current is None or current.generated:
        return None
    return MappingEntry(
        name=current.name, schema=current.schema, fields=_meant(current.schema, row)
    )


def _meant(schema: Mapping[str, Any], row: Connection) -> dict[str, str]:
    """The names of the account's own fields that the schema means by their ids."""
    core = {item.id for item in core_fields_of(row.kind)}
    own = {each["dest"] for each in schema.get("fields", ()) if each["dest"] not in core}
    held = held_fields(row).filter(external_id__in=own)
    return dict(held.values_list("external_id", "label"))
