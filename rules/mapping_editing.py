"""What the mapping editor holds between opening and saving; nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connections.models import Connection
from rules.errors import MappingInvalid, MappingStale
from rules.mapping import EMAIL, generated_schema
from rules.mapping_rows import Row, Sent, rows_of, sent_rows
from rules.mapping_schema import validate_schema
from rules.mapping_versions import MappingDraft, current_mapping, save_mapping
from rules.mapping_words import Dest, Difference, dests_of, differences
from rules.models import MappingVersion
from rules.targets import known_dests

NO_EMAIL = "Map the field Email: without it no delivery finds its contact."


@dataclass(slots=True)
class Editing:
    """The editor's content.

    Shape: `expected` is the version that the content was made from, 1 while
    none is stored. `restored` is the older version that was opened in it.
    `theirs` is set when somebody else saved meanwhile: what they changed.
    """

    connection: Connection
    rows: list[Row]
    expected: int
    name: str
    notes: str = ""
    faults: list[str] = field(default_factory=list)
    current: MappingVersion | None = None
    restored: MappingVersion | None = None
    theirs: list[Difference] | None = None
    dests: list[Dest] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of saving: the new version, or the editor with what is wrong.

    Shape: neither, when what was sent equals the stored version.
    """

    saved: MappingVersion | None = None
    again: Editing | None = None


def opened(connection: Connection, *, version: MappingVersion | None = None) -> Editing:
    """The editor with the newest version, or with an older one to restore."""
    current = current_mapping(connection.pk)
    shown = version or current
    schema = shown.schema if shown else generated_schema()
    editing = Editing(
        connection=connection,
        rows=rows_of(schema),
        expected=current.version if current else 1,
        name=shown.name if shown else _unnamed(),
        notes=schema.get("meta", {}).get("notes", ""),
        current=current,
        restored=version if version and current and version.pk != current.pk else None,
    )
    editing.dests = dests_of(connection, mapped=schema)
    return editing


def typed(connection: Connection, data: Mapping[str, str]) -> tuple[Editing, Sent]:
    """The editor with what somebody typed, judged by the rules for mappings."""
    sent = sent_rows(data)
    current = current_mapping(connection.pk)
    editing = Editing(
        connection=connection,
        rows=sent.rows,
        expected=_number(data.get("expected", "")) or (current.version if current else 1),
        name=str(data.get("name", "")).strip() or (current.name if current else _unnamed()),
        notes=str(data.get("notes", "")),
        current=current,
    )
    _keep_meta(sent.schema, current)
    sent.blame(validate_schema(sent.schema, known_dests=known_dests(connection)))
    if not any(row.dest == EMAIL for row in sent.kept):
        sent.faults.append(NO_EMAIL)
    editing.faults = sent.faults
    editing.dests = dests_of(connection, mapped=sent.schema)
    return editing, sent


def saved(connection: Connection, data: Mapping[str, str], *, by: str, now: datetime) -> Outcome:
    """The new version, or the editor again with everything that was typed."""
    editing, sent = typed(connection, data)
    if sent.faulty:
        return Outcome(again=editing)
    if _unchanged(editing, sent):
        return Outcome()
    draft = MappingDraft(sent.schema, name=editing.name, expected_version=editing.expected)
    try:
        return Outcome(saved=save_mapping(connection, draft=draft, by=by, now=now))
    except MappingStale:
        return Outcome(again=_after_them(editing))
    except MappingInvalid as invalid:
        sent.blame(invalid.faults)
        return Outcome(again=editing)


def _after_them(editing: Editing) -> Editing:
    """The editor on top of the version that somebody else saved."""
    base = _version(editing.connection, editing.expected)
    current = current_mapping(editing.connection.pk)
    if current is not None:
        labels = {dest.key: dest.label for dest in editing.dests}
        before = base.schema if base else generated_schema()
        editing.theirs = differences(before, current.schema, labels)
        editing.expected, editing.current = current.version, current
    return editing


def _unchanged(editing: Editing, sent: Sent) -> bool:
    current = editing.current
    if current is None or editing.expected != current.version:
        return False
    same_rows = rows_of(sent.schema) == rows_of(current.schema)
    same_meta = sent.schema.get("meta", {}) == current.schema.get("meta", {})
    return same_rows and same_meta and editing.name == current.name


def _keep_meta(schema: dict[str, Any], current: MappingVersion | None) -> None:
    # The editor knows the notes alone; what else a client stored there stays.
    stored = dict(current.schema.get("meta", {})) if current else {}
    stored.pop("notes", None)
    if stored:
        schema["meta"] = {**stored, **schema.get("meta", {})}


def _version(connection: Connection, number: int) -> MappingVersion | None:
    return MappingVersion.objects.filter(connection=connection, version=number).first()


def _unnamed() -> str:
    return str(MappingVersion._meta.get_field("name").get_default())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
