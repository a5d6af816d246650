"""Pages of a list, newest first, by a cursor that names the last row shown.

Why: a position in the order stays true while rows arrive, and costs the same
at the end of a million rows as at its beginning; nothing is counted.
Source: Meshes API wire contract, section 4.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from meshes.api_errors import BadRequest, Fault

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200
SEAL_BYTES = 12
LONGEST_CURSOR = 500
BAD_CURSOR = "is not a cursor of this list; take next_cursor of an answer as it is"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that is read page by page.

    Shape: `order` are columns whose values together are unique, all descending;
    `name` ties a cursor to this list, and `owner` to whoever may read it.
    """

    name: str
    owner: str
    order: Sequence[str] = ("pk",)


def paged(
    rows: QuerySet[Any],
    query: Mapping[str, str],
    *,
    listing: Listing,
    record: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """The envelope of the page that `limit` and `cursor` ask for.

    Raises: BadRequest with every fault of the two.
    """
    limit, position = asked_page(query, model=rows.model, listing=listing)
    newest_first = rows.order_by(*(f"-{column}" for column in listing.order))
    if position is not None:
        newest_first = newest_first.filter(_after(listing.order, position))
    shown = list(newest_first[: limit + 1])
    more = len(shown) > limit
    shown = shown[:limit]
    cursor = _cursor_of(shown[-1], listing) if more else None
    return envelope([record(row) for row in shown], limit=limit, next_cursor=cursor)


def whole(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The envelope of a list that is not paged: all of its records."""
    return envelope(records, limit=max(1, len(records)), next_cursor=None)


def envelope(
    records: list[dict[str, Any]], *, limit: int, next_cursor: str | None
) -> dict[str, Any]:
    """The contract's envelope of a list."""
    shape = {"count": len(records), "limit": limit, "next_cursor": next_cursor}
    return {**shape, "records": records}


def asked_page(
    query: Mapping[str, str], *, model: Any, listing: Listing
) -> tuple[int, list[Any] | None]:
    """The `limit`, and the values of the order's columns that the cursor holds, None without one.

    Raises: BadRequest with every fault of the two.
    """
    limit, cursor = _limit(query.get("limit")), query.get("cursor")
    position = None if cursor is None else _position(cursor, model, listing)
    faults = []
    if limit is None:
        faults.append(Fault("limit", f"must be a whole number from 1 to {LARGEST_LIMIT}"))
    if cursor is not None and position is None:
        faults.append(Fault("cursor", BAD_CURSOR))
    if limit is None or faults:
        raise BadRequest("One or more parameters are invalid.", data=faults)
    return limit, position


def _limit(text: str | None) -> int | None:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or len(text) > len(str(LARGEST_LIMIT)):
        return None
    return int(text) if 1 <= int(text) <= LARGEST_LIMIT else None


def _after(order: Sequence[str], position: Sequence[Any]) -> Q:
    """The rows behind the position: the first columns equal, the next one smaller."""
    found = Q()
    for place, column in enumerate(order):
        equal = dict(zip(order[:place], position[:place], strict=True))
        found |= Q(**equal, **{f"{column}__lt": position[place]})
    # Says what follows from the rest, so that the database starts at the position.
    return Q(**{f"{order[0]}__lte": position[0]}) & found


def _cursor_of(row: Any, listing: Listing) -> str:
    columns = [
        row._meta.pk if name == "pk" else row._meta.get_field(name) for name in listing.order
    ]
    return cursor_at([column.value_to_string(row) for column in columns], listing=listing)


def cursor_at(said: Sequence[str], *, listing: Listing) -> str:
    """The cursor that goes on behind these values of the order's columns, each as text."""
    raw = json.dumps(list(said), separators=(",", ":")).encode()
    return _text(_seal(raw, listing) + raw)


def _position(cursor: str, model: Any, listing: Listing) -> list[Any] | None:
    """The values that the cursor holds, None when we did not make it for this list."""
    raw = _bytes(cursor)
    seal, said = raw[:SEAL_BYTES], raw[SEAL_BYTES:]
    if not said or not hmac.compare_digest(seal, _seal(said, listing)):
        return None
    columns = [model._meta.pk if n == "pk" else model._meta.get_field(n) for n in listing.order]
    try:
        values = json.loads(said)
        return [column.to_python(v) for column, v in zip(columns, values, strict=True)]
    except (ValueError, ValidationError):
        return None


def _seal(raw: bytes, listing: Listing) -> bytes:
    salt = f"meshes.pagination:{listing.name}:{listing.owner}"
    return salted_hmac(salt, raw, algorithm="sha256").digest()[:SEAL_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """What the text stands for, empty when it is not in the one spelling that we use."""
    if not text.isascii() or len(text) > LONGEST_CURSOR:
        return b""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if _text(raw) == text else b""
