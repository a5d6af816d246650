"""The status of an event on the wire, worked out from its deliveries: for a row and for a search.

Source: Meshes API wire contract, section 8.1.
"""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType

from django.db.models import Exists, OuterRef, Q, QuerySet

from deliveries.models import UNFINISHED, Delivery, Status

HELD = ~Q(held_reason="")
WAITS = Q(status=Status.PENDING) | HELD
TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED})


def wire_status(delivery: Delivery) -> Status:
    """The delivery's status as the API says it; a held one is pending."""
    return Status.PENDING if delivery.held_reason else Status(delivery.status)


def rolled_up(statuses: Collection[Status]) -> Status:
    """The status of an event whose deliveries have these; completed without any."""
    found = set(statuses)
    if found <= TERMINAL:
        ends = (Status.FAILED, Status.CANCELED)
        return next((end for end in ends if end in found), Status.COMPLETED)
    if found == {Status.PENDING}:
        return Status.PENDING
    going = found - TERMINAL
    return Status.RETRYING if going == {Status.RETRYING} else Status.PROCESSING


def with_status(status: Status) -> Q:
    """The events that `rolled_up` gives this status, as a condition on rows of events."""
    shown = Delivery.objects.filter(event=OuterRef("pk"))
    return _CONDITIONS[status](shown)


def _pending(shown: QuerySet[Delivery]) -> Q:
    return _some(shown, WAITS) & ~_some(shown, ~WAITS)


def _processing(shown: QuerySet[Delivery]) -> Q:
    return _some(shown, WAITS | Q(status=Status.PROCESSING)) & _some(shown, ~WAITS)


def _retrying(shown: QuerySet[Delivery]) -> Q:
    retrying = Q(status=Status.RETRYING, held_reason="")
    return _some(shown, retrying) & ~_some(shown, WAITS | Q(status=Status.PROCESSING))


def _failed(shown: QuerySet[Delivery]) -> Q:
    return _some(shown, Q(status=Status.FAILED)) & ~_some(shown, UNFINISHED)


def _canceled(shown: QuerySet[Delivery]) -> Q:
    return _some(shown, Q(status=Status.CANCELED)) & ~_some(
        shown, UNFINISHED | Q(status=Status.FAILED)
    )


def _completed(shown: QuerySet[Delivery]) -> Q:
    return ~_some(shown, ~Q(status=Status.COMPLETED))


def _some(shown: QuerySet[Delivery], condition: Q) -> Q:
    return Q(Exists(shown.filter(condition)))


_CONDITIONS = MappingProxyType(
    {
        Status.PENDING: _pending,
        Status.PROCESSING: _processing,
        Status.RETRYING: _retrying,
        Status.FAILED: _failed,
        Status.CANCELED: _canceled,
        Status.COMPLETED: _completed,
    }
)
