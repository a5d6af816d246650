"""Pages of events that are read along an index: where one begins, and the ways on from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deliveries.seeking import SCANNED, Found, Place

LARGEST = 2**63 - 1


def place_in(asked: Mapping[str, Any], *, size: int) -> Place:
    """Where the page begins; at the newest for an address that nobody could get from us."""
    for name in ("before", "after"):
        text = str(asked.get(name, ""))
        if text.isascii() and text.isdecimal() and int(text) <= LARGEST:
            return Place(**{name: int(text)}, size=size)
    return Place(size=size)


def ways_on(found: Found, address: str) -> dict[str, str]:
    """The addresses of the pages beside this one, empty where there is none.

    Shape: `further` goes on where a bounded search ended, which `notice` tells.
    """
    first, last = (found.ids[0], found.ids[-1]) if found.ids else (0, 0)
    ended, page = found.ended_at, f"{address}{'&' if '?' in address else '?'}"
    return {
        "newer": f"{page}after={first}" if found.newer and first else "",
        "older": f"{page}before={last}" if found.older and last and not ended else "",
        "further": f"{page}before={ended}" if ended else "",
        "notice": f"Looked through {SCANNED:,} events." if ended else "",
    }
