"""Locks many deliveries in the one order that everybody keeps, so that nobody deadlocks.

Why: PostgreSQL locks the rows of an UPDATE in whatever order its plan meets them; two of
them over the same rows can each wait for the other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from deliveries.models import Delivery


def lock_in_order(rows: QuerySet[Delivery], *, skip: bool = False) -> list[int]:
    """The ids of the rows, locked in their order until the transaction ends.

    Shape: with `skip` rows that somebody else has locked are left out.
    """
    locked = rows.order_by("pk").select_for_update(skip_locked=skip, no_key=True)
    return list(locked.values_list("pk", flat=True))


def update_free(rows: QuerySet[Delivery], ids: Collection[int], **changes: Any) -> int:
    """How many of the rows with these ids were changed.

    Shape: those that somebody else has locked, or that fit `rows` no more, are
    left as they are. Why: what is being changed elsewhere is looked at again.
    """
    with transaction.atomic():
        free = lock_in_order(rows.filter(pk__in=ids), skip=True)
        return Delivery.objects.filter(pk__in=free).update(**changes) if free else 0
