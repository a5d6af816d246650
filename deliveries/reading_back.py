"""Reads a delivery's contact back from its account and keeps what was found with the delivery.

No transaction is open during the calls; they take their slots of the account's budget.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog

from connections import destinations
from connections.calling import open_line
from connections.checking import bounded
from connections.destinations.base import Call
from connections.destinations.contacts import Contacts, ContactSeen
from connections.destinations.errors import DestinationError, RateLimited
from connections.models import Connection
from connections.pace import Crowded, Paused, pause, take_slot_within
from connections.troubles import sentence_for
from deliveries.finding import Finding, judge
from deliveries.models import Attempt, Delivery, Status
from meshes.encryption import CannotOpen
from rules.targets import action_of

CALL_DEADLINE_S = 10.0
LOOK_WITHIN_S = 20.0
NO_ADDRESS = (
    "This delivery has no email address, or its person was erased, so nothing can be read back."
)
NOT_OFFERED = "This destination cannot be asked what a contact holds."
NOT_KNOWN = "This release does not know the action of this rule, so nothing can be compared."

log = structlog.get_logger(__name__)

T = TypeVar("T")


class CannotReadBack(Exception):
    """The contact was not read back; the text is a sentence with the next step."""


def contacts_of(connection: Connection) -> Contacts | None:
    """What the connection's destination offers for contacts, None where it offers nothing."""
    known = {each.kind: each.contacts for each in destinations.DESTINATIONS}
    return known.get(connection.kind)


def read_back(delivery: Delivery, *, by: str, now: Callable[[], datetime]) -> Finding:
    """What the account shows of the delivery's contact now, stored with the delivery.

    Shape: `now` is asked after the calls, which may have waited for their turn.
    Raises: CannotReadBack, and then nothing is stored.
    """
    seen = look(delivery)
    finding = remember(delivery, seen, now=now())
    log.info("read_back", delivery_id=delivery.pk, by=by, found=str(finding.found))
    return finding


def look(delivery: Delivery) -> ContactSeen:
    """The delivery's contact as its account shows it now.

    Raises: CannotReadBack.
    """
    contacts = contacts_of(delivery.connection)
    if contacts is None:
        raise CannotReadBack(NOT_OFFERED)
    if not delivery.email:
        raise CannotReadBack(NO_ADDRESS)
    return asked(delivery.connection, lambda: contacts.look(_line(delivery), delivery.email))


def _line(delivery: Delivery) -> Call:
    """A line whose calls end together within LOOK_WITHIN_S, as somebody may wait for them."""
    return bounded(
        open_line(delivery.connection, hide=(delivery.email,), before_call=_nothing),
        slot=lambda seconds: take_slot_within(delivery.account_id, seconds=seconds),
        until=time.monotonic() + LOOK_WITHIN_S,
    )


def _nothing() -> None:
    return None


def asked(connection: Connection, ask: Callable[[], T]) -> T:
    """What a question to the connection's account came to.

    Raises: CannotReadBack with a sentence for whatever went wrong.
    """
    try:
        return ask()
    except CannotOpen as error:
        raise CannotReadBack(str(error)) from None
    except (DestinationError, Paused, Crowded) as error:
        if isinstance(error, RateLimited):
            pause(connection.account_id, seconds=error.retry_after_s, reason="rate_limited")
        raise CannotReadBack(sentence_for(error, connection)) from None


def remember(delivery: Delivery, seen: ContactSeen, *, now: datetime) -> Finding:
    """What the contact as it was seen says about the delivery, now stored with it.

    Raises: CannotReadBack, when this release does not know the action.
    """
    action = action_of(delivery.connection.kind, delivery.action)
    if action is None:
        raise CannotReadBack(NOT_KNOWN)
    status = Delivery.objects.values_list("status", flat=True).get(pk=delivery.pk)
    finding = judge(
        seen,
        action=action,
        target_id=target_id_of(delivery),
        delivered=status == Status.COMPLETED,
    )
    # Not where the address is gone meanwhile: then the person was erased.
    Delivery.objects.filter(pk=delivery.pk).exclude(email="").update(
        read_back_at=now, found=finding.found, mail=finding.mail
    )
    return finding


def target_id_of(delivery: Delivery) -> str:
    """The tag or list that the delivery was made to, which may have another id by now."""
    applied = Attempt.objects.filter(delivery=delivery, outcome="delivered").order_by("-number")
    return applied.values_list("target_id", flat=True).first() or delivery.target_id
