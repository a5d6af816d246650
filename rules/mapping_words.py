"""A mapping in words, and what differs between two versions of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connections.models import Connection
from rules.mapping_rows import Row, rows_of
from rules.mapping_steps import ON_ERROR
from rules.targets import core_fields_of, held_fields


@dataclass(frozen=True, slots=True)
class Dest:
    """A field that a mapping may fill.

    Shape: `hint` says its type and what it accepts. `custom` fields are the
    account's own; `gone` ones are mapped but no longer in the account.
    """

    key: str
    label: str
    hint: str = ""
    custom: bool = False
    gone: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a mapping for reading."""

    label: str
    source: str
    steps: str
    on_error: str
    notes: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How one field is filled before and after; an empty text is no row at all."""

    label: str
    change: Literal["added", "removed", "changed"]
    before: str
    after: str


TYPES = {
    "string": "text",
    "date": "date",
    "datetime": "date and time",
    "enum": "one of a list",
    "multi_enum": "some of a list",
}


def dests_of(connection: Connection, *, mapped: Mapping[str, Any] | None = None) -> list[Dest]:
    """The fields to choose from: standard ones, the account's own, gone ones of a mapping."""
    found = [_dest(item.id, item.label, item.type) for item in core_fields_of(connection.kind)]
    found += [
        _dest(each.external_id, each.label, each.type, custom=True, options=each.options)
        for each in held_fields(connection)
    ]
    known = {dest.key for dest in found}
    used = [entry["dest"] for entry in (mapped or {}).get("fields", ())]
    return found + [_gone(key) for key in dict.fromkeys(used) if key and key not in known]


def lines(schema: Mapping[str, Any], labels: Mapping[str, str]) -> list[Line]:
    """Each row of the mapping in words."""
    return [
        Line(
            label=labels.get(row.dest, f"Field {row.dest}"),
            source=source_words(row),
            steps=", then ".join(step.words for step in row.steps),
            on_error=ON_ERROR[row.on_error],
            notes=row.notes,
        )
        for row in rows_of(schema)
    ]


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], labels: Mapping[str, str]
) -> list[Difference]:
    """What became different from one schema to the other, field by field."""
    return list(_differences(_by_dest(old), _by_dest(new), labels))


def source_words(row: Row) -> str:
    """Where the row's value comes from."""
    if row.kind == "path":
        return row.source
    return "nothing" if row.kind == "nothing" else f"fixed: {row.source}"


def _differences(
    old: Mapping[str, str], new: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[Difference]:
    for key in dict.fromkeys((*new, *old)):
        before, after = old.get(key, ""), new.get(key, "")
        if before == after:
            continue
        change: Literal["added", "removed", "changed"]
        change = "added" if not before else "removed" if not after else "changed"
        yield Difference(labels.get(key, f"Field {key}"), change, before, after)


def _by_dest(schema: Mapping[str, Any]) -> dict[str, str]:
    return {row.dest: _words(row) for row in rows_of(schema)}


def _words(row: Row) -> str:
    parts = [source_words(row), *(step.words for step in row.steps)]
    parts.append(f"on an error: {ON_ERROR[row.on_error].lower()}")
    if row.notes:
        parts.append(f"note: {row.notes}")
    return "; ".join(parts)


def _dest(key: str, label: str, kind: str, *, custom: bool = False, options: Any = ()) -> Dest:
    return Dest(key, label, TYPES.get(kind, kind or "text"), custom, options=tuple(options))


def _gone(key: str) -> Dest:
    return Dest(key, f"Field {key}, no longer in the account", gone=True)
