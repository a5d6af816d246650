"""Whether a field mapping is well formed, with one sentence per fault.

Pure. Source: Meshes API wire contract, section 11.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

PATH = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z0-9_]+)*")
ON_ERROR = ("skip_field", "warn_action", "fail_action")
MAX_FIELDS, MAX_TRANSFORMS = 250, 10
LARGEST_PLACE, DIGITS = 999_999_999, 60

Fault = tuple[str, str]
Faults = Iterator[Fault]


def validate_schema(schema: object, *, known_dests: Collection[str]) -> list[Fault]:
    """Where the schema is wrong and why; an empty list when it is right.

    Shape: pairs of a path such as `fields[2].dest` and a sentence.
    """
    if not isinstance(schema, dict):
        return [("", "The schema must be an object.")]
    return list(_schema(schema, known_dests))


def _schema(schema: dict[str, Any], known_dests: Collection[str]) -> Faults:
    yield from _unknown("", schema, ("schema_version", "fields", "meta"))
    version = schema.get("schema_version")
    if isinstance(version, bool) or version != 1:
        yield "schema_version", "The schema version must be the number 1."
    fields = schema.get("fields")
    if not isinstance(fields, list) or len(fields) > MAX_FIELDS:
        yield "fields", f"The fields must be a list of at most {MAX_FIELDS}."
    else:
        yield from _fields(fields, known_dests)
    yield from _meta(schema.get("meta", {}))


def _meta(meta: object) -> Faults:
    if not isinstance(meta, dict):
        yield "meta", "The meta must be an object."
        return
    yield from _unknown("meta", meta, ("name", "notes"))
    yield from _text("meta.name", meta, longest=64, required=False)
    yield from _text("meta.notes", meta, longest=1024, required=False)


def _fields(fields: list[Any], known_dests: Collection[str]) -> Faults:
    taken: set[str] = set()
    for number, field in enumerate(fields):
        path = f"fields[{number}]"
        if not isinstance(field, dict):
            yield path, "A field must be an object."
            continue
        yield from _dest(f"{path}.dest", field, known_dests, taken)
        yield from _field(path, field)


def _dest(
    path: str, field: dict[str, Any], known_dests: Collection[str], taken: set[str]
) -> Faults:
    faults = list(_text(path, field, longest=128))
    yield from faults
    if faults:
        return
    dest = field["dest"]
    if dest not in known_dests:
        yield path, "The account has no such field. Refresh its fields, or choose another."
    if dest in taken:
        yield path, "This field is mapped twice. Keep one of the two."
    taken.add(dest)


def _field(path: str, field: dict[str, Any]) -> Faults:
    yield from _unknown(path, field, ("dest", "source", "transforms", "on_error", "notes"))
    yield from _source(f"{path}.source", field.get("source"))
    if "on_error" in field and field["on_error"] not in ON_ERROR:
        yield f"{path}.on_error", f"Use one of {', '.join(ON_ERROR)}."
    yield from _text(f"{path}.notes", field, longest=1024, required=False)
    transforms = field.get("transforms", [])
    if not isinstance(transforms, list) or len(transforms) > MAX_TRANSFORMS:
        yield f"{path}.transforms", f"The transforms must be a list of at most {MAX_TRANSFORMS}."
        return
    for number, transform in enumerate(transforms):
        yield from _transform(f"{path}.transforms[{number}]", transform)


def _source(path: str, source: object) -> Faults:
    if not isinstance(source, dict) or source.get("type") not in ("literal", "path"):
        yield path, 'The source must be an object with the type "literal" or "path".'
        return
    yield from _unknown(path, source, ("type", "value"))
    if source["type"] == "literal":
        yield from _literal(f"{path}.value", source, longest=256)
        return
    faults = list(_text(f"{path}.value", source, longest=128))
    yield from faults
    if not faults and not PATH.fullmatch(source["value"]):
        yield f"{path}.value", 'Name the payload\'s key, such as "email" or "user.email".'


def _transform(path: str, transform: object) -> Faults:
    kind = transform.get("type") if isinstance(transform, dict) else None
    if not isinstance(transform, dict) or not isinstance(kind, str) or kind not in PARAMETERS:
        yield path, f"A transform's type must be one of {', '.join(PARAMETERS)}."
        return
    known, check = PARAMETERS[kind]
    yield from _unknown(path, transform, ("type", *known))
    yield from check(path, transform)


def _no_parameters(_: str, __: dict[str, Any]) -> Faults:
    yield from ()


def _time_zone(path: str, transform: dict[str, Any]) -> Faults:
    path = f"{path}.timezone"
    faults = list(_text(path, transform, longest=64, required=False))
    yield from faults
    if "timezone" in transform and not faults and not _is_zone(transform["timezone"]):
        yield path, 'There is no such time zone. Use a name such as "Europe/Berlin".'


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _default(path: str, transform: dict[str, Any]) -> Faults:
    yield from _literal(f"{path}.value", transform, longest=128)


def _substring(path: str, transform: dict[str, Any]) -> Faults:
    if not _is_int(transform.get("start"), least=0):
        yield f"{path}.start", f"The start must be a whole number from 0 to {LARGEST_PLACE}."
    if "length" in transform and not _is_int(transform["length"], least=1):
        yield f"{path}.length", f"The length must be a whole number from 1 to {LARGEST_PLACE}."


Check = Callable[[str, dict[str, Any]], Faults]
PARAMETERS: Mapping[str, tuple[tuple[str, ...], Check]] = {
    "to_string": ((), _no_parameters),
    "to_number": ((), _no_parameters),
    "to_boolean": ((), _no_parameters),
    "to_date": (("timezone",), _time_zone),
    "to_datetime": (("timezone",), _time_zone),
    "default": (("value",), _default),
    "trim": ((), _no_parameters),
    "lower": ((), _no_parameters),
    "upper": ((), _no_parameters),
    "substring": (("start", "length"), _substring),
}


def _unknown(path: str, found: dict[str, Any], known: Collection[str]) -> Faults:
    prefix = f"{path}." if path else ""
    for key in found:
        if key not in known:
            yield f"{prefix}{key}"[:200], f"Only {', '.join(known)} may stand here."


def _text(path: str, found: dict[str, Any], *, longest: int, required: bool = True) -> Faults:
    key = path.rpartition(".")[2]
    if key not in found and not required:
        return
    value = found.get(key)
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not _is_plain(value):
        yield path, f"This must be a text of 1 to {longest} characters."


def _literal(path: str, found: dict[str, Any], *, longest: int) -> Faults:
    value = found.get("value", found)
    if isinstance(value, str):
        yield from _text(path, found, longest=longest)
    elif value is not None and not _is_number(value):
        number = f"a number of at most {DIGITS} digits before its point"
        yield path, f"Use a text of 1 to {longest} characters, {number}, true, false or null."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < 10**DIGITS and math.isfinite(value)


def _is_int(value: object, *, least: int) -> bool:
    return (
        isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_PLACE
    )


def _is_plain(text: str) -> bool:
    # Neither database holds NUL or half of a surrogate pair in JSON.
    return not any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in text)
