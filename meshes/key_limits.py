"""What one publishable key may do: for which pages, which events, and how much.

Pure. A publishable key stands in the open, so these narrow what a stranger can do with
it; what they cannot do stands in docs/security.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from meshes.api_errors import Forbidden

MOST_LINES = 100
EVENT_LENGTH = 200
SLOWEST_PER_SECOND, FASTEST_PER_SECOND = 1, 10_000
SMALLEST_BURST, LARGEST_BURST = 100, 100_000
NOT_FROM_HERE = "This publishable key may only be used by pages of the origins that it names."

_ORIGIN = re.compile(r"https?://[a-z0-9\[\]:._-]+")
_USUAL_PORTS = {("http", 80), ("https", 443)}


class NotUsable(ValueError):
    """A line that says nothing we can hold a request against; the text says what to write."""


def require_origin(origin: str, allowed: str) -> None:
    """Let a request from this origin through; `allowed` holds an origin a line.

    Raises: Forbidden, for a request without an origin as well.
    Why: browsers send their page's origin with every such request and no page
    can change it. Any other program can write there what it likes.
    """
    if origin not in allowed.split("\n"):
        raise Forbidden(NOT_FROM_HERE)


def origins_of(text: str) -> str:
    """The origins in the text, each on a line of its own as browsers spell it.

    Raises: NotUsable.
    """
    return _lines(text, _origin)


def events_of(text: str) -> str:
    """The names of events in the text, each on a line of its own.

    Raises: NotUsable.
    """
    return _lines(text, _event)


def _lines(text: str, spelled: Callable[[str], str]) -> str:
    written = list(filter(None, map(str.strip, text.split("\n"))))
    if len(written) > MOST_LINES:
        raise NotUsable(f"Write at most {MOST_LINES} lines.")
    return "\n".join(dict.fromkeys(map(spelled, written)))


def _event(line: str) -> str:
    if len(line) > EVENT_LENGTH:
        raise NotUsable(f"A name of an event has at most {EVENT_LENGTH} characters.")
    return line


def _origin(line: str) -> str:
    """The origin as a browser's header says it: lower case, ASCII, without its usual port."""
    hint = f"{line} is no origin; write it as https://www.example.com, without a path."
    try:
        parts = urlsplit(line.lower())
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError as error:
        raise NotUsable(hint) from error
    beside = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    usual = port is None or (parts.scheme, port) in _USUAL_PORTS
    place = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{place}" + ("" if usual else f":{port}")
    if beside or not host or not _ORIGIN.fullmatch(origin):
        raise NotUsable(hint)
    return origin
