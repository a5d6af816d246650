"""The default mapping of a connection: reading it, and saving the next version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from connections.models import Connection
from rules.errors import MappingInvalid, MappingStale
from rules.mapping import generated_schema, validate_schema
from rules.models import MappingVersion, Rule, RuleVersion
from rules.targets import known_dests
from rules.versions import append_versions, changing

PROPOSED = (
    "id",
    "mapping_id",
    "schema",
    "generated",
    "catalog_version",
    "created_by",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class MappingDraft:
    """A mapping as somebody wants to save it.

    Shape: without `expected_version` the last one to save wins; without
    `name` the mapping keeps its name.
    """

    schema: Mapping[str, Any]
    name: str | None = None
    expected_version: int | None = None


def current_mapping(connection_id: UUID) -> MappingVersion | None:
    """The newest version, or None while nobody needed a mapping."""
    versions = MappingVersion.objects.filter(connection_id=connection_id)
    return versions.select_related("connection").order_by("-version").first()


def ensure_mapping(connection: Connection, *, by: str, now: datetime) -> MappingVersion:
    """The newest version; version 1 is generated when there is none."""
    found = current_mapping(connection.pk)
    if found is not None:
        return found
    proposed = proposed_mapping(connection, by=by, now=now)
    said = {name: getattr(proposed, name) for name in PROPOSED}
    return MappingVersion.objects.get_or_create(connection=connection, version=1, defaults=said)[0]


def proposed_mapping(connection: Connection, *, by: str, now: datetime) -> MappingVersion:
    """Version 1 as it would be generated, not stored.

    Why: its ids follow from the connection's, so that what a client was told
    before anything was stored stays true after.
    """
    return MappingVersion(
        id=uuid5(connection.pk, "mapping version 1"),
        mapping_id=uuid5(connection.pk, "mapping"),
        connection=connection,
        version=1,
        schema=generated_schema(),
        generated=True,
        catalog_version=connection.account.catalog_version,
        created_by=by,
        created_at=now,
    )


def save_mapping(
    connection: Connection, *, draft: MappingDraft, by: str, now: datetime
) -> MappingVersion:
    """The new version, which every rule of the connection uses from now on.

    Raises: MappingInvalid with the list of faults; MappingStale when another
    version than the expected one is the newest.
    """
    with changing(connection.workspace_id):
        last = ensure_mapping(connection, by=by, now=now)
        _check(draft, connection=connection, last=last)
        mapping = MappingVersion.objects.create(
            connection=connection,
            mapping_id=last.mapping_id,
            version=last.version + 1,
            name=draft.name or last.name,
            schema=draft.schema,
            catalog_version=connection.account.catalog_version,
            created_by=by,
            created_at=now,
        )
        rules = list(Rule.objects.live().filter(connection=connection).select_related("current"))
        change = RuleVersion.Change.MAPPING
        append_versions(rules, change=change, mapping=mapping, by=by, now=now)
        return mapping


def _check(draft: MappingDraft, *, connection: Connection, last: MappingVersion) -> None:
    if draft.expected_version not in (None, last.version):
        raise MappingStale(
            f"The mapping is at version {last.version} now. Load it again, then repeat the change.",
            field="expected_version",
        )
    faults = validate_schema(draft.schema, known_dests=known_dests(connection))
    if draft.name is not None and not 1 <= len(draft.name) <= 64:
        faults.append(("name", "The name must be a text of 1 to 64 characters."))
    if faults:
        raise MappingInvalid(faults)
