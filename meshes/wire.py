"""How values are spelled on the wire: times, unset fields, the JSON of an answer.

Source: Meshes API wire contract, sections 1 and 7.1.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse


def wire_time(moment: datetime) -> str:
    """The moment in UTC as the wire spells it, with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def without_unset(record: Mapping[str, Any], *, nullable: Collection[str] = ()) -> dict[str, Any]:
    """The record without the fields that are None; those in `nullable` stay as null."""
    return {key: value for key, value in record.items() if value is not None or key in nullable}


def compact_json(value: Any) -> str:
    """The value as compact JSON; only what JSON knows is taken, so ids and times are texts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def json_answer(value: Any, *, status: int = 200) -> HttpResponse:
    """An answer that says this value."""
    return HttpResponse(compact_json(value), status=status, content_type="application/json")
