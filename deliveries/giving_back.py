"""Letting go of deliveries in hand for which nothing was sent: back in line, or at their end.

Why: whoever asked to cancel while a delivery was in hand must not wait until it is in hand
again, which may be after an account's pause.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connections.clock import database_now
from deliveries import recording
from deliveries.calling_off import as_found, can_be_called_off
from deliveries.claiming import Claim, as_before, release
from deliveries.models import Delivery, Status

log = structlog.get_logger(__name__)


def give_back(claim: Claim, delivery: Delivery) -> None:
    """Put the delivery back as it was, or end it when somebody asked to cancel it meanwhile."""
    if release(claim, status=as_before(delivery)):
        return
    ours = Delivery.objects.filter(
        pk=claim.delivery_id, lease_token=claim.token, status=Status.PROCESSING
    )
    asked = ours.filter(cancel_asked_at__isnull=False).first()
    if asked is None:
        log.warning("claim_lost", delivery_id=claim.delivery_id)
        return
    reason = recording.CANCELED_BY_PERSON
    recording.record_canceled(claim, asked, reason=reason, now=timezone.now())


def give_back_all(rows: QuerySet[Delivery], **changes: Any) -> None:
    """Put rows in hand, whose attempt has not begun, back in line; those asked to cancel end."""
    with transaction.atomic():
        found = rows.select_related("event").order_by("pk")
        locked = list(found.select_for_update(of=("self",), no_key=True))
        asked = [row for row in locked if row.cancel_asked_at is not None]
        for row in asked:
            Delivery.objects.filter(pk=row.pk).update(**{**changes, **ended(row)})
        going = [row.pk for row in locked if row.cancel_asked_at is None]
        free = {"status": Status.PENDING, "lease_token": None, "lease_until": None}
        Delivery.objects.filter(pk__in=going).update(**{**changes, **free})


def ended(row: Delivery) -> dict[str, Any]:
    """The columns of a delivery in hand that ends, as somebody asked, before it was tried.

    Shape: a replay that has not begun leaves it as it found it; its event
    must be loaded.
    """
    if can_be_called_off(row):
        return as_found(row)
    return {
        "status": Status.CANCELED,
        "reason": recording.CANCELED_BY_PERSON,
        "last_error": "",
        "completed_at": database_now(),
        "lease_token": None,
        "lease_until": None,
    }
