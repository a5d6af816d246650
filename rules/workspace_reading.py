"""Reads the file of a workspace and refuses what this release does not know. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules.exported_files import FileKind, FileUnusable
from rules.rules_file import read_rule
from rules.workspace_file import (
    FORMAT,
    VERSION,
    ConnectionEntry,
    MappingEntry,
    NameEntry,
    RuleEntry,
    WorkspaceFile,
)

MOST_BYTES = 32 * 1024 * 1024
MOST_ROWS = 20_000
"""Of each kind, such as rules."""

WORKSPACE = FileKind(
    format=FORMAT,
    version=VERSION,
    most_bytes=MOST_BYTES,
    too_large="The file is larger than 32 MiB, so it is no exported workspace.",
    foreign="This is no exported workspace. Take a file that exportworkspace wrote.",
    other_version="This release reads version 1 of the file. Export the workspace again.",
)


def read(raw: bytes) -> WorkspaceFile:
    """The configuration that the file holds.

    Raises: FileUnusable, with the place and what is wrong there.
    """
    return _read(WORKSPACE.opened(raw))


def _read(body: dict[str, Any]) -> WorkspaceFile:
    top = Part(body, "The file")
    head = Part(top.take("workspace", dict), "“workspace”")
    found = WorkspaceFile(
        name=head.take("name", str),
        description=head.take("description", str, None),
        event_types=top.rows("event_types", _name),
        resource_types=top.rows("resource_types", _name),
        connections=top.rows("connections", _connection),
        rules=top.rows("rules", _rule),
        alert_contacts=top.rows("alert_contacts", _address),
    )
    for known in ("format", "version", "exported_at"):
        top.take(known, object, None)
    head.end()
    top.end()
    return found


_REQUIRED = object()
_WORDS = {
    str: "a text",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    float: "a number",
}


class Part:
    """An object of the file that is taken apart; what nobody takes is unknown."""

    def __init__(self, members: Any, where: str) -> None:
        if not isinstance(members, dict):
            raise FileUnusable(f"{where} must be an object.")
        self.members, self.where = dict(members), where

    def take(self, name: str, kind: type, default: Any = _REQUIRED) -> Any:
        """The member's value; the default when it is missing.

        Raises: FileUnusable.
        """
        if name not in self.members:
            if default is _REQUIRED:
                raise FileUnusable(f"{self.where} says no “{name}”.")
            return default
        value = self.members.pop(name)
        if value is None and default is None:
            return None
        number = kind is float and isinstance(value, int) and not isinstance(value, bool)
        if not (isinstance(value, kind) or number):
            raise FileUnusable(f"{self.where}: “{name}” must be {_WORDS[kind]}.")
        return value

    def rows(self, name: str, reader: Callable[[Any, str], Any]) -> tuple[Any, ...]:
        """Each row of a list of the file, read; nothing when there is no such list."""
        rows = self.take(name, list, [])
        if len(rows) > MOST_ROWS:
            raise FileUnusable(f"{self.where} holds more than {MOST_ROWS:,} {name}.")
        return tuple(
            reader(row, f"number {place} of “{name}”") for place, row in enumerate(rows, start=1)
        )

    def texts(self, name: str) -> dict[str, str]:
        """An object whose values are texts.

        Raises: FileUnusable.
        """
        found: dict[str, str] = self.take(name, dict, {})
        if not all(isinstance(value, str) for value in found.values()):
            raise FileUnusable(f"{self.where}: every value of “{name}” must be a text.")
        return found

    def end(self) -> None:
        """Nothing when every member was taken.

        Raises: FileUnusable for a member that this release does not know.
        """
        for name in self.members:
            known = "which this release does not know"
            raise FileUnusable(f"{self.where} says “{name[:40]}”, {known}.")


def _name(row: Any, where: str) -> NameEntry:
    part = Part(row, where)
    entry = NameEntry(
        key=part.take("key", str),
        label=part.take("label", str),
        description=part.take("description", str, None),
        active=part.take("active", bool, True),
    )
    part.end()
    return entry


def _connection(row: Any, where: str) -> ConnectionEntry:
    part = Part(row, where)
    mapping = part.take("mapping", dict, None)
    entry = ConnectionEntry(
        name=part.take("name", str),
        kind=part.take("kind", str),
        values=part.texts("values"),
        active=part.take("active", bool, True),
        hidden=part.take("hidden", bool, False),
        bulk_import=part.take("bulk_import", bool, False),
        requests_per_second=part.take("requests_per_second", float, None),
        mapping=_mapping(mapping, f"{where}, its mapping") if mapping is not None else None,
    )
    part.end()
    return entry


def _mapping(row: Any, where: str) -> MappingEntry:
    part = Part(row, where)
    entry = MappingEntry(
        name=part.take("name", str), schema=part.take("schema", dict), fields=part.texts("fields")
    )
    part.end()
    return entry


def _rule(row: Any, where: str) -> RuleEntry:
    part = Part(row, where)
    hidden, metadata = part.take("hidden", bool, False), part.take("metadata", dict, {})
    return RuleEntry(said=read_rule(part.members, where), hidden=hidden, metadata=metadata)


def _address(row: Any, where: str) -> str:
    if not isinstance(row, str):
        raise FileUnusable(f"{where} must be a text.")
    return row
