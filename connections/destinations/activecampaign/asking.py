"""Sends a request through the seam and gives back the data or the right error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connections.destinations.activecampaign import readers
from connections.destinations.activecampaign.answers import error_of, judged
from connections.destinations.activecampaign.builders import PAGE
from connections.destinations.activecampaign.reading import EXPECTED, read
from connections.destinations.base import Call, Request

FIRST_PAGE = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer: its status and its JSON object."""

    status: int
    data: Mapping[str, Any]


def ask(call: Call, request: Request) -> Reply:
    """The data of a successful answer.

    Raises: the error of `errors` that the table of answers names.
    """
    reading = read(request, call(request))
    error = error_of(judged(reading), reading)
    if error is not None:
        raise error
    return Reply(reading.status, reading.data)


def pages(call: Call, page: Callable[[int], Request]) -> Iterator[Mapping[str, Any]]:
    """Every page of a collection, read as they are asked for.

    Shape: `page` builds the request for an offset. Where the answer counts
    the items, that count decides; else a page that is not full is the last.
    Why: a limit that is clamped below ours makes every page look short.
    """
    offset = 0
    seen: list[Any] = []
    while True:
        request = page(offset)
        data = ask(call, request).data
        rows = data[EXPECTED[request.operation]]
        # A server that ignores the offset would send its first page for ever.
        if not rows or rows == seen:
            return
        yield data
        offset, seen = offset + len(rows), rows
        total = readers.total(data)
        if offset >= total if total is not None else len(rows) < PAGE:
            return


def rows(
    call: Call, key: str, page: Callable[[int], Request], *, beside: Any = None
) -> Iterator[Any]:
    """Every page of what belongs to a contact, beginning with what a look-up brought along."""
    if isinstance(beside, list):
        yield beside
        # Whether a look-up cuts what it brings along is not documented.
        if len(beside) < FIRST_PAGE:
            return
    for data in pages(call, page):
        yield data[key]
