"""What an erasure waits for: deliveries to other people whose events name the person.

Reads only; names nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.clock import database_now
from deliveries import wording
from deliveries.admin_displays import address, status
from deliveries.erasure_work import WAITING
from deliveries.models import UNFINISHED, Delivery, Erasure, Status

SHOWN = 10
LOOKED_AT = 500
IN_FLIGHT = "It ends by itself with its present attempt."
HELD = "Repair what holds it, or cancel it on its page."
IN_LINE = "Let it be sent, or cancel it on its page."


@dataclass(frozen=True, slots=True)
class Wait:
    """One delivery that keeps the erasure from ending.

    Shape: `address` is its page, '' for who may not see it.
    """

    what: str
    state: str
    since: str
    hint: str
    address: str


def waiting_for(row: Erasure) -> int:
    """How many events the erasure waits for."""
    return len(row.counts.get(WAITING, ()))


def waits(row: Erasure, *, links: bool) -> dict[str, Any]:
    """The deliveries that the erasure waits for, the oldest first.

    Shape: `since` is when the oldest began to wait, '' while none is known;
    `shown` are ten at most, `more` says that there are others.
    """
    events = sorted(row.counts.get(WAITING, ()))[:LOOKED_AT]
    rows = Delivery.objects.filter(UNFINISHED, event__in=events).order_by("pk")
    found = list(rows.select_related("rule", "connection")[: SHOWN + 1]) if events else []
    now = database_now()
    return {
        "since": wording.moment(min(map(since, found))) if found else "",
        "shown": [_wait(each, now=now, links=links) for each in found[:SHOWN]],
        "more": len(found) > SHOWN,
    }


def since(delivery: Delivery) -> datetime:
    """Since when the delivery has been waiting for what it waits for now."""
    return delivery.held_at or delivery.started_at or delivery.created_at


def _wait(delivery: Delivery, *, now: datetime, links: bool) -> Wait:
    return Wait(
        what=f"{delivery.event_name} for the rule {delivery.rule.name}",
        state=status(delivery, now=now),
        since=wording.moment(since(delivery)),
        hint=_hint(delivery),
        address=address(delivery) if links else "",
    )


def _hint(delivery: Delivery) -> str:
    if delivery.held_reason:
        return HELD
    return IN_FLIGHT if delivery.status == Status.PROCESSING else IN_LINE
