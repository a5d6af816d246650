"""What the pages of field mappings show, prepared as plain values; nothing here writes."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from django.urls import reverse

from connections.models import Connection
from meshes import moments
from rules.mapping import generated_schema
from rules.mapping_editing import Editing
from rules.mapping_rows import MAX_STEPS, Row
from rules.mapping_steps import HINTS, KINDS, ON_ERROR, STEPS, Step
from rules.mapping_words import Dest, dests_of, differences, lines
from rules.models import MappingVersion, Rule

SHOWN = 30


def editor(editing: Editing) -> dict[str, Any]:
    """The editor: rows with their inputs, and what saving will do."""
    connection = editing.connection
    rules = Rule.objects.live().filter(connection=connection).count()
    current = editing.current
    return {
        "title": f"Field mapping of {connection}",
        "connection": connection,
        "editing": editing,
        "rows": [_shown(number, row, editing.dests) for number, row in enumerate(editing.rows)],
        "blank": _shown("__row__", Row(), editing.dests),
        "current": current,
        "saved": _saved(current) if current else "",
        "rules": _rules(rules),
        "has_faults": any(row.faults for row in editing.rows),
        "read_at": moment(connection.account.catalog_refreshed_at),
        **_addresses(connection),
    }


def version(shown: MappingVersion) -> dict[str, Any]:
    """One version in words, and what it changed."""
    connection = shown.connection
    before = connection.mappings.filter(version__lt=shown.version).order_by("-version").first()
    newest = not connection.mappings.filter(version__gt=shown.version).exists()
    labels = _labels(connection, shown, before)
    return {
        "title": f"{shown.name} of {connection}, version {shown.version}",
        "connection": connection,
        "version": shown,
        "saved": _saved(shown),
        "lines": lines(shown.schema, labels),
        "notes": shown.schema.get("meta", {}).get("notes", ""),
        "before": before,
        "changes": differences(before.schema, shown.schema, labels) if before else None,
        "newest": newest,
        **_addresses(connection),
    }


def newest(connection: Connection) -> dict[str, Any]:
    """The mapping in use, stored or not."""
    found = connection.mappings.select_related("connection").order_by("-version").first()
    if found is not None:
        return version(found)
    labels = _labels(connection)
    return {
        "title": f"Field mapping of {connection}",
        "connection": connection,
        "lines": lines(generated_schema(), labels),
        "newest": True,
        **_addresses(connection),
    }


def versions(connection: Connection, *, before: str) -> dict[str, Any]:
    """A page of versions, newest first, each with what it changed."""
    rows = connection.mappings.order_by("-version")
    if before.isascii() and before.isdigit() and len(before) < 10:
        rows = rows.filter(version__lt=int(before))
    found = list(rows[: SHOWN + 1])
    labels = _labels(connection, *found)
    pairs = [*pairwise(found), *([(found[-1], None)] if 0 < len(found) <= SHOWN else [])]
    listed: list[dict[str, Any]] = [
        {
            "version": each,
            "saved": _saved(each),
            "changes": differences(older.schema, each.schema, labels) if older else None,
        }
        for each, older in pairs
    ]
    return {
        "title": f"Versions of the field mapping of {connection}",
        "connection": connection,
        "listed": listed,
        "more": listed[-1]["version"].version if len(found) > SHOWN else 0,
        **_addresses(connection),
    }


def author(shown: MappingVersion) -> str:
    """Who made the version."""
    return "Meshes, as a start" if shown.generated else shown.created_by


def moment(at: datetime | None) -> str:
    """The time in the viewer's zone with its offset; empty for never."""
    return moments.moment(at) if at else ""


def _shown(number: int | str, row: Row, dests: list[Dest]) -> dict[str, Any]:
    label = next((dest.label for dest in dests if dest.key == row.dest), "")
    steps = [*row.steps, Step("")][: MAX_STEPS + 1]
    return {
        "id": f"row-{number}",
        "row": row,
        "legend": label or "New row",
        "steps": list(enumerate(steps)),
        "dests": [dest for dest in dests if not dest.custom and not dest.gone],
        "custom": [dest for dest in dests if dest.custom],
        "gone": [dest for dest in dests if dest.gone and dest.key == row.dest],
        "kinds": KINDS,
        "choices": STEPS,
        "hints": HINTS,
        "on_error": ON_ERROR,
    }


def _labels(connection: Connection, *shown: MappingVersion | None) -> dict[str, str]:
    fields = [entry for each in shown if each for entry in each.schema["fields"]]
    return {dest.key: dest.label for dest in dests_of(connection, mapped={"fields": fields})}


def _saved(shown: MappingVersion) -> str:
    return f"by {author(shown)}, {moment(shown.created_at)}"


def _rules(count: int) -> str:
    if count == 0:
        return "No rule uses this connection yet."
    return "1 rule uses this mapping." if count == 1 else f"{count} rules use this mapping."


def _addresses(connection: Connection) -> dict[str, str]:
    def address(name: str) -> str:
        return reverse(f"admin:{name}", args=[connection.pk])

    return {
        "edit_url": address("rules_mappingversion_edit"),
        "versions_url": address("rules_mappingversion_all"),
        "connection_url": address("connections_connection_change"),
    }
