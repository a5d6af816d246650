"""Rules as a file that people read, review and carry to another workspace.

Pure: rules in and text out, text in and entries out; docs/rules-file.md describes the format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from rules.exported_files import FileKind, FileUnusable
from rules.models import Rule

FORMAT, VERSION = "meshes.rules", 1
MOST_BYTES = 1024 * 1024
MOST_RULES = 500
WHEN = {
    "event": "event",
    "resource": "resource",
    "resource_id": "resource_id",
    "page_id": "page_id",
    "step": "sequence_step",
}
THEN = {
    "connection": "connection",
    "action": "action",
    "target": "target",
    "resubscribe": "resubscribe",
    "start_again": "restart",
}
TOP = {"name": "name", "active": "active", "when": "when", "then": "then"}


RULES = FileKind(
    format=FORMAT,
    version=VERSION,
    most_bytes=MOST_BYTES,
    too_large="The file is larger than 1 MiB. Export fewer rules at once.",
    foreign="This is no file of rules. Choose one that “Export rules” has made.",
    other_version="This release reads version 1 of the file. Export the rules again.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule of a file; connection and target by their names, as people know them."""

    name: str
    event: str
    resource: str = ""
    resource_id: str = ""
    page_id: str = ""
    sequence_step: str = ""
    connection: str
    action: str
    target: str = ""
    resubscribe: bool = False
    restart: bool = False
    active: bool = True


FLAGS = tuple(field.name for field in fields(Entry) if field.type == "bool")


def written(rules: Iterable[Rule], *, workspace: str, now: datetime) -> str:
    """The text of a file with these rules; what asks nothing is left out."""
    head = {"format": FORMAT, "version": VERSION, "workspace": workspace}
    body = {**head, "exported_at": now.isoformat(), "rules": [told(entry_of(r)) for r in rules]}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def read(raw: bytes) -> tuple[Entry, ...]:
    """The rules of the file in its order.

    Raises: FileUnusable.
    """
    return _entries(RULES.opened(raw).get("rules"))


def _entries(rules: Any) -> tuple[Entry, ...]:
    if not isinstance(rules, list) or not rules:
        raise FileUnusable("The file holds no rules.")
    if len(rules) > MOST_RULES:
        raise FileUnusable(f"The file holds more than {MOST_RULES} rules. Split it.")
    return tuple(
        read_rule(rule, f"Rule {place} of the file") for place, rule in enumerate(rules, start=1)
    )


def read_rule(rule: Any, where: str) -> Entry:
    """One rule of a file; `where` names its place to people.

    Raises: FileUnusable.
    """
    top = _known(rule, TOP, where)
    when, then = (_known(top.get(part), names, where) for part, names in _PARTS)
    found = {"name": top.get("name"), "active": top.get("active", True), **when, **then}
    for name in ("name", "event", "connection", "action"):
        if not found.get(name):
            raise FileUnusable(f"{where} says no {name}.")
    for name, value in found.items():
        if not isinstance(value, bool if name in FLAGS else str):
            kind = "true or false" if name in FLAGS else "a text"
            raise FileUnusable(f"{where}: its {name} must be {kind}.")
    return Entry(**found)


_PARTS = (("when", WHEN), ("then", THEN))


def _known(part: Any, names: Mapping[str, str], where: str) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise FileUnusable(f"{where} must be an object with “when” and “then”.")
    unknown = [name for name in part if name not in names]
    if unknown:
        raise FileUnusable(f"{where} says “{unknown[0][:40]}”, which this release does not know.")
    return {names[name]: value for name, value in part.items()}


def entry_of(rule: Rule) -> Entry:
    """What a file says of the rule."""
    same = {field.name for field in fields(Entry)} - {"connection", "target"}
    values = {name: getattr(rule, name) for name in same}
    return Entry(**values, connection=rule.connection.name, target=rule.target_label)


def told(entry: Entry) -> dict[str, Any]:
    """The entry as it stands in a file; what asks nothing is left out."""
    values = asdict(entry)
    when = {word: values[name] for word, name in WHEN.items() if values[name]}
    then = {word: values[name] for word, name in THEN.items() if values[name]}
    return {"name": entry.name, "active": entry.active, "when": when, "then": then}
