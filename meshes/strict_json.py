"""Reads JSON strictly: what two programs could read differently is refused.

Half a character in a text, as JavaScript leaves when it cuts one, becomes U+FFFD, as when
a browser encodes it. Pure. Every fault names its place and never repeats a value.
"""

from __future__ import annotations

import json
import re
from array import array
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from math import isfinite
from typing import Any

from meshes.api_errors import BadRequest, Fault

DEEPEST = 64
LONGEST_INTEGER = 100
LONGEST_PLACE = 200

_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_HALF = re.compile("[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")

Place = tuple[Any, Any] | None


class _Doubled(dict[str, Any]):
    """An object whose sender wrote `key` twice."""

    key = ""


_TOO_LONG = object()


def parse(raw: bytes, *, deepest: int = DEEPEST) -> Any:
    """The value that the bytes spell.

    Raises: BadRequest, when they are no JSON or JSON that is not strict.
    """
    value, suspicious = _read(raw, deepest)
    if suspicious:
        _require_strict(value)
    return value


def parse_items(raw: bytes, *, deepest: int = DEEPEST) -> tuple[Any, dict[int, Fault]]:
    """The value that the bytes spell; of an array, which items are not strict, and why.

    Raises: BadRequest, when they are no JSON, or JSON that is neither strict nor an array.
    """
    value, suspicious = _read(raw, deepest)
    if not suspicious:
        return value, {}
    if not isinstance(value, list):
        _require_strict(value)
        return value, {}
    faults = ((index, _fault(item, (None, index))) for index, item in enumerate(value))
    return value, {index: fault for index, fault in faults if fault}


def _require_strict(value: Any) -> None:
    fault = _fault(value, None)
    if fault is not None:
        raise BadRequest("The body is not strict JSON.", data=[fault])


def _read(raw: bytes, deepest: int) -> tuple[Any, bool]:
    """The value, and whether it has to be searched for what is not strict.

    Why: the depth is measured before the parser recurses, so that no body
    can exhaust the stack; a value is searched only when something in the
    text asks for it.
    """
    text = _text(raw)
    if _depth(raw) > deepest:
        raise BadRequest(f"The body nests deeper than {deepest} levels.")
    suspects: list[str] = []
    value = _decoded(text, suspects)
    if not _UNSTORABLE_ESCAPE.search(text):
        return value, bool(suspects)
    return _without_halves(value), True


def _without_halves(value: Any) -> Any:
    """The value with U+FFFD for each half of a character; names of members stay as they are."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_halves(item) for item in value]
    if isinstance(value, dict):
        value.update({key: _without_halves(item) for key, item in value.items()})
    return value


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None


def _depth(raw: bytes) -> int:
    """How deep objects and arrays nest, or a number above that within the limit."""
    opened = raw.count(b"{") + raw.count(b"[")
    if opened <= DEEPEST:
        return opened
    steps = _STRINGS.sub(b"", raw).translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(array("b", steps)), default=0)


def _decoded(text: str, suspects: list[str]) -> Any:
    """The value, with stand-ins for what no JSON value can be; `suspects` counts them."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        suspects.append("key")
        return _doubled(pairs)

    def integer(digits: str) -> Any:
        if len(digits) <= LONGEST_INTEGER:
            return int(digits)
        suspects.append("integer")
        return _TOO_LONG

    def number(digits: str) -> float:
        value = float(digits)
        if not isfinite(value):
            suspects.append("number")
        return value

    reader = json.JSONDecoder(
        object_pairs_hook=members, parse_int=integer, parse_float=number, parse_constant=number
    )
    try:
        return reader.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadRequest(f"The body is not valid JSON ({place}).") from None


def _doubled(pairs: list[tuple[str, Any]]) -> _Doubled:
    doubled, times = _Doubled(pairs), Counter(key for key, _ in pairs)
    doubled.key = next(key for key, number in times.items() if number > 1)
    return doubled


def _fault(value: Any, place: Place) -> Fault | None:
    """The first fault in the value, outer ones before inner ones."""
    if isinstance(value, _Doubled):
        return Fault(named((place, value.key)), "must not appear twice in one object")
    if isinstance(value, dict):
        return _first(_member_fault(key, item, place) for key, item in value.items())
    if isinstance(value, list):
        return _first(_fault(item, (place, index)) for index, item in enumerate(value))
    message = _scalar_fault(value)
    return Fault(named(place), message) if message else None


def _first(faults: Iterable[Fault | None]) -> Fault | None:
    return next(filter(None, faults), None)


def _member_fault(key: str, item: Any, place: Place) -> Fault | None:
    if _UNSTORABLE.search(key):
        return Fault(named((place, key)), "must have a name without NUL or lone surrogates")
    return _fault(item, (place, key))


def _scalar_fault(value: Any) -> str:
    if isinstance(value, str) and "\x00" in value:
        return "must be text without NUL"
    if isinstance(value, float) and not isfinite(value):
        return "must be a finite number that 64-bit floating point can hold"
    if value is _TOO_LONG:
        return f"must not have more than {LONGEST_INTEGER} digits"
    return ""


def named(place: Place) -> str:
    """The place as people write it, `[3].payload.tags[0]`; `body` for the whole."""
    text = ""
    while place is not None:
        place, step = place
        text = (f"[{step}]" if isinstance(step, int) else f".{step}") + text
    return _UNSTORABLE.sub("?", text).removeprefix(".")[:LONGEST_PLACE] or "body"
