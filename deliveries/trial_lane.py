"""A test's lane in hand while it is cleaned up, so that nothing of ours writes meanwhile.

The test's own delivery is taken in hand for it, as an attempt would; whoever dies with it
in hand leaves a lease that runs out, and the delivery goes back to what it was.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from connections.clock import database_now
from deliveries.claiming import LEASE_S, Claim
from deliveries.models import Delivery, Status, Trial

ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELED)


class LaneBusy(Exception):
    """Something to the same person is in flight or waits; the text says what to do."""


IN_FLIGHT = (
    "Something is being sent to this contact at this moment. Wait a few seconds and try again."
)


def take(trial: Trial, delivery: Delivery) -> Claim:
    """The lane of the test's contact, in hand.

    Raises: LaneBusy, when an attempt or another clean-up has it.
    Why: the index that lets one delivery of a lane be in hand decides.
    """
    token = uuid4()
    until = database_now() + timedelta(seconds=LEASE_S)
    try:
        with transaction.atomic():
            row = Delivery.objects.select_for_update().get(pk=delivery.pk)
            if row.status not in ENDED:
                raise LaneBusy(IN_FLIGHT)
            Trial.objects.filter(pk=trial.pk).update(lane_token=token, status_before=row.status)
            Delivery.objects.filter(pk=row.pk).update(
                status=Status.PROCESSING, lease_token=token, lease_until=until
            )
    except IntegrityError:
        raise LaneBusy(IN_FLIGHT) from None
    return Claim(delivery.pk, token)


def let_go(trial: Trial, held: Claim) -> None:
    """Give the lane back, with the delivery as it was."""
    with transaction.atomic():
        status = before_cleaning(held.delivery_id, held.token)
        ours = Delivery.objects.filter(pk=held.delivery_id, lease_token=held.token)
        if status:
            ours.filter(status=Status.PROCESSING).update(**back_to(status))
        Trial.objects.filter(pk=trial.pk, lane_token=held.token).update(lane_token=None)


def before_cleaning(delivery_id: int, token: UUID | None) -> str:
    """The status of a delivery before a clean-up took it in hand, '' when none did."""
    if token is None:
        return ""
    trials = Trial.objects.filter(event__deliveries=delivery_id, lane_token=token)
    return str(trials.values_list("status_before", flat=True).first() or "")


def back_to(status: str) -> dict[str, object]:
    """The columns of a delivery that was in hand for a clean-up alone."""
    return {
        "status": status,
        "lease_token": None,
        "lease_until": None,
        "cancel_asked_at": None,
    }
