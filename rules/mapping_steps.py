"""Fixed values and transforms of a mapping as the texts that people read and type; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS: Mapping[str, str] = {
    "path": "From the event",
    "text": "Fixed text",
    "number": "Fixed number",
    "truth": "True or false",
    "nothing": "Nothing",
}
STEPS: Mapping[str, str] = {
    "trim": "Trim spaces",
    "lower": "Lower case",
    "upper": "Upper case",
    "substring": "Part of the text",
    "default": "If empty, use text",
    "default_number": "If empty, use number",
    "default_truth": "If empty, use true or false",
    "default_nothing": "If empty, use nothing",
    "to_string": "Make it text",
    "to_number": "Make it a number",
    "to_boolean": "Make it true or false",
    "to_date": "Make it a date",
    "to_datetime": "Make it a date and time",
}
HINTS: Mapping[str, str] = {
    "substring": "start, length – such as 0, 5",
    "default": "the text",
    "default_number": "such as 3",
    "default_truth": "true or false",
    "to_date": "time zone, such as Europe/Berlin",
    "to_datetime": "time zone, such as Europe/Berlin",
}
ON_ERROR: Mapping[str, str] = {
    "skip_field": "Leave the field out",
    "warn_action": "Leave it out and note a warning",
    "fail_action": "Stop the delivery",
}
TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
NUMBER = re.compile(r"[+-]?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?")
WHOLE = re.compile(r"[+-]?[0-9]{1,60}")
PART = re.compile(r"([0-9]{1,9})(?:\s*,\s*([0-9]{1,9}))?")


class BadText(Exception):
    """The typed text is not what is asked for; one sentence for who typed it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A transform as the editor shows it: which one, and the text of its parameter."""

    kind: str
    value: str = ""

    @property
    def words(self) -> str:
        """The step for reading."""
        name = STEPS.get(self.kind, self.kind)
        if self.kind == "default":
            return f"{name} “{self.value}”"
        return f"{name} {self.value}".strip() if self.kind in HINTS else name


def literal_text(value: object) -> tuple[str, str]:
    """The kind of a fixed value and its text."""
    if value is None:
        return "nothing", ""
    if isinstance(value, bool):
        return "truth", "true" if value else "false"
    if isinstance(value, str):
        return "text", value
    return "number", json.dumps(value)


def literal_of(kind: str, text: str) -> Any:
    """The fixed value that the text means.

    Raises: BadText.
    """
    if kind == "nothing":
        return None
    if kind == "text":
        return text
    plain = text.strip()
    if kind == "truth":
        return _truth(plain)
    if kind == "number":
        return _number(plain)
    raise BadText("Choose where the value comes from.")


def step_of(transform: Mapping[str, Any]) -> Step:
    """The stored transform as a step."""
    kind = transform["type"]
    if kind == "default":
        sort, text = literal_text(transform["value"])
        return Step(kind if sort == "text" else f"default_{sort}", text)
    if kind == "substring":
        length = transform.get("length")
        return Step(kind, f"{transform['start']}" + ("" if length is None else f", {length}"))
    return Step(kind, transform.get("timezone", ""))


def transform_of(step: Step) -> dict[str, Any]:
    """The step as it is stored.

    Raises: BadText.
    """
    if step.kind == "default" or step.kind.startswith("default_"):
        kind = step.kind.removeprefix("default").lstrip("_") or "text"
        return {"type": "default", "value": literal_of(kind, step.value)}
    plain = step.value.strip()
    if step.kind == "substring":
        return _part(plain)
    if step.kind in ("to_date", "to_datetime") and plain:
        return {"type": step.kind, "timezone": plain}
    return {"type": step.kind}


def _truth(text: str) -> bool:
    try:
        return TRUTHS[text.casefold()]
    except KeyError:
        raise BadText("Enter true or false.") from None


def _number(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise BadText("Enter a number, such as 3 or 2.5.")
    return int(text) if WHOLE.fullmatch(text) else float(text)


def _part(text: str) -> dict[str, Any]:
    found = PART.fullmatch(text)
    if found is None:
        raise BadText("Enter where the part starts, and its length if it has one: 0, 5.")
    part = {"type": "substring", "start": int(found[1])}
    return part if found[2] is None else part | {"length": int(found[2])}
