"""Accepts events: stores each with one delivery per matching rule, all or nothing.

No destination is contacted here; the pump hears of the work after the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from deliveries import idempotency, wakeup
from deliveries.gathering import Gathering
from deliveries.idempotency import Answer, Once
from deliveries.inserting import Row, insert
from deliveries.models import Status
from deliveries.planning import plan
from deliveries.reading import EventRequest
from deliveries.senders import Sender
from meshes import tracing
from meshes.api_errors import ApiError
from meshes.wire import compact_json, wire_time
from rules.index import index_for
from rules.matching import RuleIndex

Items = Sequence[EventRequest | ApiError]
Record = dict[str, Any]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Planned:
    """What one item becomes: its record in the answer, and its rows.

    Shape: one event, none for an item that is an error.
    """

    record: Record
    events: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)


def accept(
    items: Items,
    *,
    sender: Sender,
    answer: Callable[[list[Record]], Answer],
    once: Once | None,
    now: datetime,
) -> Answer:
    """Store the events and answer; or answer as before when it is a repeat.

    Shape: `answer` gets one record per item, in their order.
    Raises: Conflict, when the idempotency key belongs to another request.
    Why: rules are matched before the transaction, so that it stays short; on
    SQLite only one can be open.
    """
    with tracing.span("meshes.match"):
        planned = _planned(items, sender=sender, now=now)
    events = [event for item in planned for event in item.events]
    deliveries = [delivery for item in planned for delivery in item.deliveries]
    result = answer([item.record for item in planned])
    if once is None:
        store(events, deliveries)
    else:
        with transaction.atomic():
            earlier = idempotency.claim(once, answer=result, now=now)
            if earlier is not None:
                return earlier
            store(events, deliveries)
    _tell(events, deliveries)
    return result


def _tell(events: Sequence[Row], deliveries: Sequence[Row]) -> None:
    ids = [str(event["uuid"]) for event in events]
    tracing.tell(event_uuids=ids, deliveries=len(deliveries))
    log.info("accepted", event_uuids=ids, deliveries=len(deliveries))


def store(events: Sequence[Row], deliveries: Sequence[Row]) -> None:
    """Write planned rows, and let the pump hear of the work once they are committed.

    Shape: they are part of the transaction that is open; without one they are
    committed on return.
    """
    with tracing.span("meshes.store"):
        if connection.in_atomic_block:
            _write(events, deliveries)
        else:
            _gathering.store(events, deliveries)


def _write(events: Sequence[Row], deliveries: Sequence[Row]) -> None:
    insert(events, deliveries)
    if any(row["status"] == Status.PENDING and not row["held_reason"] for row in deliveries):
        transaction.on_commit(wakeup.nudge, robust=True)


def _all_or_nothing() -> AbstractContextManager[Any]:
    """A transaction where more than one statement needs it.

    Why: on PostgreSQL one statement writes events and deliveries, and is a
    transaction by itself; BEGIN and COMMIT would ask the server twice more.
    """
    return nullcontext() if connection.vendor == "postgresql" else transaction.atomic()


_gathering = Gathering(_write, transaction=_all_or_nothing)


def single(records: list[Record]) -> Answer:
    """The answer to one event.

    Source: Meshes API wire contract, section 6.1.
    """
    return Answer(201, _text({"event": records[0]}))


def bulk(records: list[Record]) -> Answer:
    """The answer to an array of events.

    Source: Meshes API wire contract, section 6.2.
    """
    errors = sum("error" in record for record in records)
    counts = {"count": len(records)} | ({"error_count": errors} if errors else {})
    return Answer(207 if errors else 201, _text({**counts, "records": records}))


def _planned(items: Items, *, sender: Sender, now: datetime) -> list[Planned]:
    indexes = {
        request.workspace_id: index_for(request.workspace_id, sender.versions[request.workspace_id])
        for request in items
        if not isinstance(request, ApiError)
    }
    return [
        Planned(item.body)
        if isinstance(item, ApiError)
        else _matched(item, by=sender.created_by, index=indexes[item.workspace_id], now=now)
        for item in items
    ]


def _matched(request: EventRequest, *, by: str, index: RuleIndex, now: datetime) -> Planned:
    event, deliveries = plan(
        request, workspace_id=request.workspace_id, created_by=by, index=index, now=now
    )
    return Planned(_record(event), [event], deliveries)


def _record(event: Row) -> Record:
    """What the answer says of a stored event; an absent resource id is left out."""
    record = {
        "id": str(event["uuid"]),
        "type": "event",
        "event": event["event"],
        "workspace": str(event["workspace_id"]),
        "resource": event["resource"],
        "resource_id": event["resource_id"],
        "created_by": event["created_by"],
        "created_at": wire_time(event["created_at"]),
    }
    return {name: value for name, value in record.items() if value}


def _text(answer: dict[str, Any]) -> str:
    return compact_json(answer)
