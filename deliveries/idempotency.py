"""Answers a repeated request as it was answered the first time.

Why: the answer of an accepted request is known before it is stored, so one
upsert claims the key and keeps the answer, in the transaction of the events.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from deliveries.models import IdempotencyKey
from meshes.api_errors import BadRequest, Conflict, Fault
from meshes.statements import prepared_cursor

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
SLICE = 500
FORGETS_FOR_S = 5.0
USED_FOR_ANOTHER = (
    f"This {HEADER} was used for another request within the last 24 hours; "
    "send a new one with a new request."
)

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# The upsert writes nothing, and answers nothing, while a row younger than a day is there.
_CLAIM = """
INSERT INTO deliveries_idempotencykey
(workspace_id, key, path, body_hash, status, answer, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (workspace_id, key) DO UPDATE SET path = excluded.path,
body_hash = excluded.body_hash, status = excluded.status, answer = excluded.answer,
created_at = excluded.created_at
WHERE deliveries_idempotencykey.created_at <= %s
RETURNING id
"""
_EARLIER = """
SELECT path, body_hash, status, answer FROM deliveries_idempotencykey
WHERE workspace_id = %s AND key = %s
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is told: status and JSON text."""

    status: int
    text: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Once:
    """A request that must act once, however often it is sent."""

    workspace_id: UUID
    key: str
    path: str
    body_hash: str


def once(key: str | None, *, workspace_id: UUID, path: str, raw: bytes) -> Once | None:
    """What makes this request the same as an earlier one; None without a key.

    Raises: BadRequest, when the key is not 1 to 255 visible ASCII characters.
    """
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise BadRequest(
            f"The header {HEADER} is invalid.",
            data=[Fault(HEADER, "must be 1 to 255 visible ASCII characters")],
        )
    return Once(workspace_id, key, path, hashlib.sha256(raw).hexdigest())


def claim(request: Once, *, answer: Answer, now: datetime) -> Answer | None:
    """The earlier answer to the same request, or None when this one is the first.

    Raises: Conflict, when the key was used for another request.
    Why: call it inside the transaction that stores the events; a twin at
    the same time waits here until that transaction ends.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_CLAIM, _values(request, answer=answer, now=now))
        if cursor.fetchall():
            return None
        cursor.execute(_EARLIER, [_id(request.workspace_id), request.key])
        path, body_hash, status, stored = cursor.fetchone()
    if (path, body_hash) != (request.path, request.body_hash):
        raise Conflict(USED_FOR_ANOTHER)
    return Answer(status, json.loads(stored), replayed=True)


def forget_old(*, now: datetime, until: float | None = None) -> int:
    """How many keys were removed because a repeat would no longer find them.

    Units: `until` is a reading of `time.monotonic`, after which no slice begins.
    """
    old = IdempotencyKey.objects.filter(created_at__lte=now - KEPT_FOR)
    until = time.monotonic() + FORGETS_FOR_S if until is None else until
    removed = 0
    while time.monotonic() < until:
        keys = list(old.order_by("created_at").values_list("pk", flat=True)[:SLICE])
        # Looked at once more, as an upsert may have given one of them to a new request.
        removed += old.filter(pk__in=keys).delete()[0] if keys else 0
        if len(keys) < SLICE:
            break
    return removed


def _values(request: Once, *, answer: Answer, now: datetime) -> list[Any]:
    moment = connection.ops.adapt_datetimefield_value
    # The answer is kept as one JSON string, so that a repeat gets the very same bytes.
    return [
        _id(request.workspace_id),
        request.key,
        request.path,
        request.body_hash,
        answer.status,
        json.dumps(answer.text),
        moment(now),
        moment(now - KEPT_FOR),
    ]


def _id(value: UUID) -> UUID | str:
    return value if connection.features.has_native_uuid_field else value.hex
