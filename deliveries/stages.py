"""How far an event got, as conditions: completed, matched, delivered, confirmed.

Each stage is part of the one before it; between two of them lies what fell short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from deliveries.models import Attempt, Delivery, Found, Status

NAMED_BY_ANSWER = ("applied", "already")
ENDED_WELL = (Status.COMPLETED, Status.CANCELED)
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "completed": "completed",
        "matched": "matched a rule",
        "delivered": "delivered",
        "confirmed": "confirmed",
        "unmatched": "matched no rule",
        "undelivered": "matched, but not delivered",
        "unconfirmed": "delivered, but not confirmed",
    }
)


def matched() -> Q:
    """Events that a rule waited for."""
    return Q(total_rules__gt=0)


def delivered() -> Q:
    """Events of which something was delivered and nothing waits or failed.

    Why: what was canceled is left aside, as a person or a later event decided that.
    """
    return Q(Exists(_completed())) & ~Q(Exists(_of_event().exclude(status__in=ENDED_WELL)))


def confirmed() -> Q:
    """Delivered events whose every delivery the account has confirmed."""
    return delivered() & ~_unconfirmed()


def is_confirmed() -> Q:
    """Deliveries whose contact the account's own answer named, or that Verify now found as wanted.

    Why: a contact that was read back after the delivery decides, as it is the newer knowledge.
    """
    read_since = Q(read_back_at__gte=F("completed_at"))
    unread = Q(read_back_at__isnull=True) | Q(read_back_at__lt=F("completed_at"))
    answer = Attempt.objects.filter(pk=OuterRef("applied_id"), effect__in=NAMED_BY_ANSWER)
    return (read_since & Q(found=Found.AS_WANTED)) | (unread & Q(Exists(answer)))


def of_stage(name: str) -> Q:
    """The events that a number of the funnel counts; none for an unknown name."""
    return KNOWN[name]() if name in KNOWN else Q(pk__in=[])


def _unconfirmed() -> Q:
    return Q(Exists(_completed().exclude(is_confirmed())))


def _of_event() -> QuerySet[Delivery]:
    return Delivery.objects.filter(event=OuterRef("pk"))


def _completed() -> QuerySet[Delivery]:
    return _of_event().filter(status=Status.COMPLETED)


KNOWN: Mapping[str, Callable[[], Q]] = MappingProxyType(
    {
        "completed": lambda: Q(),
        "matched": matched,
        "delivered": delivered,
        "confirmed": confirmed,
        "unmatched": lambda: Q(total_rules=0),
        "undelivered": lambda: matched() & ~delivered(),
        "unconfirmed": lambda: delivered() & _unconfirmed(),
    }
)
