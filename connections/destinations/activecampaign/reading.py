"""Takes an answer apart: status, kind of body, codes, text, waiting time.

Source: ActiveCampaign API v3 reference, sections 13.1 (body shapes) and 13.6
(Cloudflare); Retry-After per RFC 9110 section 10.2.3.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from connections.destinations.base import Answer, Request

Body = Literal["json", "html", "text", "empty"]

LONGEST_RETRY_AFTER_S = 300.0
SHORTEST_RETRY_AFTER_S = 1.0
EXPECTED = {
    "contact_find": "contacts",
    "contact_lists": "contactLists",
    "contact_sync": "contact",
    "contact_tags": "contactTags",
    "contacts": "contacts",
    "fields": "fields",
    "import_all": "outstanding",
    "import_info": "status",
    "import_post": "batchId",
    "list_set": "contactList",
    "lists": "lists",
    "tag": "tag",
    "tag_add": "contactTag",
    "tags": "tags",
    "user": "user",
}
COLLECTIONS = dict.fromkeys(
    ("contacts", "contactLists", "contactTags", "fields", "lists", "outstanding", "tags"), (list,)
)
# The status of an import is the boolean false in its first second.
SHAPES: Mapping[str, tuple[type, ...]] = {**COLLECTIONS, "batchId": (str,), "status": (str, bool)}


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer as the table of answers looks at it.

    Shape: `codes` holds every `code` and `error` word, lower-case; `text`
    every message, title, detail and reason, lower-case. `data` is empty
    unless the body is a JSON object.
    Units: `retry_after_s` is None when the answer names no time.
    """

    operation: str
    method: str
    status: int
    body: Body
    data: Mapping[str, Any]
    codes: frozenset[str]
    text: str
    retry_after_s: float | None

    @property
    def has_expected(self) -> bool:
        """Whether the key that the operation promises is there and filled."""
        key = EXPECTED.get(self.operation)
        if key is None:
            return True
        return isinstance(self.data.get(key), SHAPES.get(key, (dict,)))


def read(request: Request, answer: Answer) -> Reading:
    """The answer taken apart."""
    body, parsed = _parsed(answer.body)
    data = parsed if isinstance(parsed, dict) else {}
    items = list(_items(data))
    return Reading(
        operation=request.operation,
        method=request.method,
        status=answer.status,
        body=body,
        data=data,
        codes=frozenset(_words(items, "code", "error")),
        text=" | ".join(_words(items, "message", "error", "title", "detail", "failureReason")),
        retry_after_s=retry_after(answer.headers, data),
    )


def retry_after(headers: Mapping[str, str], data: Mapping[str, Any]) -> float | None:
    """How long the destination wants us to wait, or None when it does not say.

    Units: seconds, at least one and at most five minutes.
    """
    wanted = headers.get("retry-after", "").strip() or data.get("retry_after")
    if wanted is None or isinstance(wanted, bool):
        return None
    seconds = _seconds(str(wanted), now=_now(headers))
    if seconds is None:
        return None
    return min(max(seconds, SHORTEST_RETRY_AFTER_S), LONGEST_RETRY_AFTER_S)


def _seconds(wanted: str, *, now: float) -> float | None:
    try:
        seconds = float(wanted)
    except ValueError:
        until = _epoch(wanted)
        return None if until is None else until - now
    # A word such as "nan" is a float as well.
    return None if math.isnan(seconds) else seconds


def _now(headers: Mapping[str, str]) -> float:
    # Its own clock, so that a wrong clock on either side does no harm.
    sent = _epoch(headers.get("date", ""))
    return time.time() if sent is None else sent


def _epoch(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _parsed(raw: bytes) -> tuple[Body, Any]:
    if not raw.strip():
        return "empty", None
    try:
        return "json", json.loads(raw)
    except (ValueError, RecursionError):
        return ("html" if raw.lstrip()[:1] == b"<" else "text"), None


def _items(data: Mapping[str, Any]) -> Iterator[Any]:
    # Errors come as objects, as words, and as one object or word without a list.
    yield data
    for key in ("errors", "failureReasons"):
        found = data.get(key)
        for item in found if isinstance(found, list) else [found]:
            yield {"message": item} if isinstance(item, str) else item


def _words(items: list[Any], *keys: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, dict):
            for key in keys:
                if isinstance(item.get(key), str):
                    yield item[key].lower()
