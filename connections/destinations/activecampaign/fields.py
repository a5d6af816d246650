"""Mapped values in the form that each type of contact field takes.

Source: ActiveCampaign API v3 reference, section 6.2 (types and value formats).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connections.destinations.base import CatalogItem, Job

CORE_FIELDS = (
    CatalogItem(kind="field", id="email", label="Email", type="string"),
    CatalogItem(kind="field", id="firstName", label="First name", type="string"),
    CatalogItem(kind="field", id="lastName", label="Last name", type="string"),
    CatalogItem(kind="field", id="phone", label="Phone", type="string"),
)
CORE_KEYS = tuple(item.id for item in CORE_FIELDS if item.id != "email")

# Their word for a type and ours; an empty type exists in old accounts.
TYPES = {
    "": "string",
    "text": "string",
    "textarea": "string",
    "hidden": "string",
    "date": "date",
    "datetime": "datetime",
    "radio": "enum",
    "dropdown": "enum",
    "checkbox": "multi_enum",
    "listbox": "multi_enum",
}


def written(job: Job) -> tuple[dict[str, str], dict[str, str]]:
    """What a sync of the job writes: core fields and custom fields by id.

    Shape: empty values and unknown fields are left out, so that nothing is
    blanked and nothing is ignored silently.
    """
    core = {key: text(job.values[key]) for key in CORE_KEYS if key in job.values}
    custom = {
        key: formatted(job.values[key], job.field_types[key])
        for key in job.values
        if key in job.field_types
    }
    return _filled(core), _filled(custom)


def fields_hash(job: Job) -> str:
    """A digest of what a sync writes besides the email; empty for nothing."""
    core, custom = written(job)
    if not core and not custom:
        return ""
    canonical = json.dumps([core, custom], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def formatted(value: Any, type_: str) -> str:
    """The value on the wire for a field of that type, theirs or ours.

    Shape: what does not fit the type is sent as text, for ActiveCampaign to
    judge.
    """
    return _FORMATS.get(TYPES.get(type_, type_), text)(value)


def text(value: Any) -> str:
    """Any value as plain text; empty when there is nothing to write."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (float, Decimal)):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(text, value)))
    if isinstance(value, dict):
        return json.dumps(value, default=str) if value else ""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if str(value).strip() else ""


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        return ""
    digits = format(Decimal(str(value)), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _date(value: Any) -> str:
    plain = text(value).strip()
    try:
        return datetime.fromisoformat(plain).date().isoformat()
    except ValueError:
        return plain


def _datetime(value: Any) -> str:
    plain = text(value).strip()
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return plain
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat(timespec="seconds")


def _choices(value: Any) -> str:
    given = value if isinstance(value, (list, tuple)) else [value]
    chosen = [part.strip() for item in given for part in text(item).split("||") if part.strip()]
    return f"||{'||'.join(dict.fromkeys(chosen))}||" if chosen else ""


def _choice(value: Any) -> str:
    return text(value).strip()


def _filled(values: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}


_FORMATS: dict[str, Callable[[Any], str]] = {
    "date": _date,
    "datetime": _datetime,
    "enum": _choice,
    "multi_enum": _choices,
}
