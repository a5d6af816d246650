"""Which values of a payload reach which fields of the contact.

Pure: a stored schema and a payload give the mapped values, never an
exception, and no sentence of the result contains a value of the payload.
Source: Meshes API wire contract, section 11.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.facts import normalized_email
from rules.mapping_schema import validate_schema
from rules.transforms import TRANSFORMS, Fault

__all__ = ["Mapped", "email_of", "evaluate", "generated_schema", "validate_schema"]

EMAIL = "email"
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a mapping made of a payload.

    Shape: `values` by destination key, without empty ones. `failed` is a
    sentence when the delivery must stop; `values` then holds nothing.
    """

    values: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failed: str = ""


def generated_schema() -> dict[str, Any]:
    """The mapping that a connection has until a person saves another."""
    return {
        "schema_version": 1,
        "fields": [
            {
                "dest": EMAIL,
                "source": {"type": "path", "value": "email"},
                "transforms": [{"type": "trim"}, {"type": "lower"}],
                "on_error": "fail_action",
            },
            {"dest": "firstName", "source": {"type": "path", "value": "first_name"}},
            {"dest": "lastName", "source": {"type": "path", "value": "last_name"}},
            {"dest": "phone", "source": {"type": "path", "value": "phone"}},
        ],
    }


def evaluate(schema: Schema, payload: Mapping[str, Any]) -> Mapped:
    """Every mapped value of the payload, with what went wrong on the way."""
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for entry in schema["fields"]:
        try:
            value = _value(entry, payload)
        except Fault as fault:
            sentence = f'The value for the field "{entry["dest"]}" {fault}.'
            if entry.get("on_error") == "fail_action":
                return Mapped(warnings=tuple(warnings), failed=sentence)
            if entry.get("on_error") == "warn_action":
                warnings.append(sentence)
        else:
            if not is_empty(value):
                values[entry["dest"]] = value
    return Mapped(values, tuple(warnings))


def email_of(schema: Schema, payload: Mapping[str, Any]) -> str:
    """The normalized email that the mapping finds, or '' when it finds none."""
    for entry in schema["fields"]:
        if entry["dest"] == EMAIL:
            try:
                return normalized_email(_value(entry, payload))
            except Fault:
                return ""
    return ""


def is_empty(value: object) -> bool:
    """Whether a value says nothing; 0 and false do say something."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {})


def _value(entry: Mapping[str, Any], payload: Mapping[str, Any]) -> Any:
    source = entry["source"]
    value = source["value"]
    if source["type"] == "path":
        value = _at(value.split("."), payload)
    return _transformed(value, entry.get("transforms", ()))


def _transformed(value: Any, transforms: Iterable[Mapping[str, Any]]) -> Any:
    for transform in transforms:
        if transform["type"] == "default":
            value = transform["value"] if is_empty(value) else value
        elif not is_empty(value):
            value = TRANSFORMS[transform["type"]](value, transform)
    return value


def _at(path: Iterable[str], payload: Any) -> Any:
    """What lies at the path, None when nothing does."""
    found = payload
    for segment in path:
        if isinstance(found, dict):
            found = found.get(segment)
        elif isinstance(found, list) and segment.isdigit() and len(segment) < 10:
            found = found[int(segment)] if int(segment) < len(found) else None
        else:
            return None
    return found
