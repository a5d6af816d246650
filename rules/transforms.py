"""The transforms of a field mapping, one small function each.

Pure. A transform answers the new value or raises `Fault` with a sentence that
names the problem and never the value. Empty values never reach it.
Source: Meshes API wire contract, section 11.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

NUMBER = re.compile(r"[+-]?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,3})?")
WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
EPOCH_MILLISECONDS_FROM = 100_000_000_000

Parameters = Mapping[str, Any]


class Fault(Exception):
    """A transform cannot use the value; the text completes 'The value …'."""


def to_string(value: Any, _: Parameters) -> str:
    """Scalars as text: whole numbers without a point, booleans as true or false."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float):
        raise Fault("is an object or a list, which has no text")
    if not abs(value) < 10**60:  # NaN included
        raise Fault("is too large to be written as text")
    return str(int(value)) if value == int(value) else str(value)


def to_number(value: Any, _: Parameters) -> float:
    """Numbers as they are and numeric text as a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value)
    text = value.strip() if isinstance(value, str) else ""
    found = NUMBER.fullmatch(text)
    if not found:
        raise Fault("is no number")
    if found[1] is None and found[2] is None:
        return int(text)
    return _finite(float(text))


def to_boolean(value: Any, _: Parameters) -> bool:
    """True and false from booleans, 1 and 0, and the words true, false, yes, no."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    text = value.strip().casefold() if isinstance(value, str) else ""
    if text not in WORDS:
        raise Fault("is neither true nor false")
    return WORDS[text]


def to_date(value: Any, parameters: Parameters) -> str:
    """The calendar day in the zone, `YYYY-MM-DD`."""
    return _moment(value, zone_of(parameters)).date().isoformat()


def to_datetime(value: Any, parameters: Parameters) -> str:
    """The moment in the zone, ISO 8601 with offset, to the second."""
    return _moment(value, zone_of(parameters)).isoformat(timespec="seconds")


def trim(value: Any, _: Parameters) -> Any:
    """Text without surrounding whitespace; other values as they are."""
    return value.strip() if isinstance(value, str) else value


def lower(value: Any, _: Parameters) -> Any:
    """Text in lower case; other values as they are."""
    return value.lower() if isinstance(value, str) else value


def upper(value: Any, _: Parameters) -> Any:
    """Text in upper case; other values as they are."""
    return value.upper() if isinstance(value, str) else value


def substring(value: Any, parameters: Parameters) -> str:
    """The text from `start`, `length` characters long or to the end."""
    if not isinstance(value, str):
        raise Fault("is no text")
    start, length = int(parameters["start"]), parameters.get("length")
    return value[start:] if length is None else value[start : start + int(length)]


TRANSFORMS: Mapping[str, Callable[[Any, Parameters], Any]] = {
    "to_string": to_string,
    "to_number": to_number,
    "to_boolean": to_boolean,
    "to_date": to_date,
    "to_datetime": to_datetime,
    "trim": trim,
    "lower": lower,
    "upper": upper,
    "substring": substring,
}


def zone_of(parameters: Parameters) -> tzinfo:
    """The zone that the transform names, UTC without a name.

    Raises: Fault when there is no such zone.
    """
    name = parameters.get("timezone")
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Fault("cannot be placed in an unknown time zone") from None


def _finite(number: float) -> float:
    if isinstance(number, float) and not math.isfinite(number):
        raise Fault("is too large for a number")
    return number


def _moment(value: Any, zone: tzinfo) -> datetime:
    """The value as a moment; one without an offset is already in the zone.

    Units: numbers are seconds since the epoch, very large ones milliseconds.
    """
    try:
        if isinstance(value, str):
            return _from_text(value.strip(), zone)
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) >= EPOCH_MILLISECONDS_FROM else value
            return datetime.fromtimestamp(seconds, zone)
    except (ValueError, OverflowError, OSError):
        pass
    raise Fault("is no date or time")


def _from_text(text: str, zone: tzinfo) -> datetime:
    if len(text) <= len("YYYY-MM-DD"):
        return datetime.combine(date.fromisoformat(text), time(), zone)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
