"""A mapping as rows of plain text, the way its editor shows and sends it.

Pure: a stored schema gives rows, and sent rows give a schema with the faults that
only the typed text can have. Whether the schema is right is judged elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.mapping_steps import (
    KINDS,
    BadText,
    Step,
    literal_of,
    literal_text,
    step_of,
    transform_of,
)

MAX_ROWS, MAX_STEPS = 300, 10
SENT = re.compile(r"row-(\d{1,4})-dest")
SKIP = "skip_field"


PARTS = {
    "dest": "Field of the contact",
    "source": "Key in the payload, or the value",
    "on_error": "If that fails",
    "notes": "Note for colleagues",
    "transforms": "Steps",
}
PLACE = re.compile(r"fields\[(\d+)\](?:\.(\w+))?(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one input of a row.

    Shape: `part` ends the input's name: `dest`, `source`, `step-0` and so on;
    it is empty for the row as a whole.
    """

    part: str
    sentence: str

    @property
    def words(self) -> str:
        """The sentence after the name of the input that the person sees."""
        step = self.part.removeprefix("step-")
        label = f"Step {int(step) + 1}" if step.isdecimal() else PARTS.get(self.part, "")
        return f"{label}: {self.sentence}" if label else self.sentence


@dataclass(slots=True)
class Row:
    """One row: a field of the contact, where its value comes from, what is done to it.

    Shape: `kind` is `path`, or which literal `source` is the text of.
    """

    dest: str = ""
    kind: str = "path"
    source: str = ""
    steps: list[Step] = field(default_factory=list)
    on_error: str = SKIP
    notes: str = ""
    remove: bool = False
    faults: list[RowFault] = field(default_factory=list)

    @property
    def marked(self) -> set[str]:
        """The inputs that a fault is about."""
        return {fault.part for fault in self.faults}

    @property
    def blank(self) -> bool:
        """Whether the row says nothing, or is to go."""
        given = self.dest or self.source.strip() or self.steps or self.notes.strip()
        return self.remove or not given


@dataclass(slots=True)
class Sent:
    """What the editor sent: all rows, and the schema of those that stay.

    Shape: `kept` says which row each field of the schema is. `faults` are
    about the mapping as a whole.
    """

    rows: list[Row]
    schema: dict[str, Any]
    kept: list[Row]
    faults: list[str] = field(default_factory=list)

    @property
    def faulty(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.faults or any(row.faults for row in self.kept))

    def blame(self, faults: Iterable[tuple[str, str]]) -> None:
        """Put every fault of the schema beside the row that it is about."""
        for path, sentence in faults:
            found = PLACE.match(path)
            if found is None or int(found[1]) >= len(self.kept):
                self.faults.append(sentence)
                continue
            part = f"step-{found[3]}" if found[3] else found[2] or ""
            self.kept[int(found[1])].faults.append(RowFault(part, sentence))


def rows_of(schema: Mapping[str, Any]) -> list[Row]:
    """The rows that show a stored schema."""
    return [_row(each) for each in schema["fields"]]


def sent_rows(data: Mapping[str, str]) -> Sent:
    """What somebody typed, read back; the schema holds what could be read."""
    numbers = sorted({int(found[1]) for key in data if (found := SENT.fullmatch(key))})
    rows = [_typed(data, f"row-{number}") for number in numbers[:MAX_ROWS]]
    kept = [row for row in rows if not row.blank]
    fields = [field_of(row) for row in kept]
    schema: dict[str, Any] = {"schema_version": 1, "fields": fields}
    notes = _text(data, "notes").strip()
    if notes:
        schema["meta"] = {"notes": notes}
    return Sent(rows, schema, kept)


def field_of(row: Row) -> dict[str, Any]:
    """The row as the schema has it; what could not be read is among its faults."""
    found: dict[str, Any] = {"dest": row.dest, "source": _source(row)}
    transforms = [_step(row, number, step) for number, step in enumerate(row.steps)]
    if transforms:
        found["transforms"] = transforms
    if row.on_error != SKIP:
        found["on_error"] = row.on_error
    if row.notes.strip():
        found["notes"] = row.notes.strip()
    return found


def _row(entry: Mapping[str, Any]) -> Row:
    source = entry["source"]
    kind, text = "path", source["value"]
    if source["type"] == "literal":
        kind, text = literal_text(source["value"])
    return Row(
        dest=entry["dest"],
        kind=kind,
        source=text,
        steps=[step_of(each) for each in entry.get("transforms", ())],
        on_error=entry.get("on_error", SKIP),
        notes=entry.get("notes", ""),
    )


def _typed(data: Mapping[str, str], name: str) -> Row:
    return Row(
        dest=_text(data, f"{name}-dest"),
        kind=_text(data, f"{name}-kind") or "path",
        source=_text(data, f"{name}-source"),
        steps=list(_steps(data, name)),
        on_error=_text(data, f"{name}-on_error") or SKIP,
        notes=_text(data, f"{name}-notes"),
        remove=bool(data.get(f"{name}-remove")),
    )


def _steps(data: Mapping[str, str], name: str) -> Iterable[Step]:
    # One more than the schema allows, so that a list too long is refused and not cut.
    for number in range(MAX_STEPS + 1):
        kind = _text(data, f"{name}-step-{number}-kind")
        if kind:
            yield Step(kind, _text(data, f"{name}-step-{number}-value"))


def _source(row: Row) -> dict[str, Any]:
    if row.kind == "path":
        return {"type": "path", "value": row.source.strip()}
    try:
        return {"type": "literal", "value": literal_of(row.kind, row.source)}
    except BadText as bad:
        row.faults.append(RowFault("source" if row.kind in KINDS else "kind", str(bad)))
        return {"type": "literal", "value": None}


def _step(row: Row, number: int, step: Step) -> dict[str, Any]:
    try:
        return transform_of(step)
    except BadText as bad:
        row.faults.append(RowFault(f"step-{number}", str(bad)))
        return {"type": "trim"}


def _text(data: Mapping[str, str], name: str) -> str:
    # Browsers send every line break as two characters.
    return str(data.get(name, "")).replace("\r\n", "\n")
