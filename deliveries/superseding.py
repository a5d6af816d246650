"""Whether a later delivery has already decided what a target holds.

Asked at send time, while the lane is in hand, so that nobody can decide meanwhile.
"""

from __future__ import annotations

from django.db.models import Q

from deliveries.models import Delivery, Trigger

SUPERSEDED = "superseded"
ASKED_FOR = (Trigger.REPLAY, Trigger.BACKFILL)


def is_superseded(delivery: Delivery) -> bool:
    """Whether sending this now would undo what a later event brought about.

    Shape: False for deliveries that were never out of order, and for those
    that a person insists on.
    Why: a later delivery is one of a later event, also where a backfill made
    its row late; it counts only if it was applied after this one. What a test
    brought about decides nothing, as it may be cleaned up.
    """
    late = delivery.trigger in ASKED_FOR or delivery.released_at is not None
    if delivery.insist or not late:
        return False
    later = Q(event_id__gt=delivery.event_id) | Q(event_id=delivery.event_id, id__gt=delivery.pk)
    return (
        Delivery.objects.filter(
            later,
            account_id=delivery.account_id,
            email=delivery.email,
            target_kind=delivery.target_kind,
            target_id=delivery.target_id,
            applied_id__gt=delivery.applied_id or 0,
            is_test=False,
        )
        .exclude(pk=delivery.pk)
        .exists()
    )
