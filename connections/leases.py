"""Who drives an account: one pump at a time, until its lease runs out.

Why: this lease only saves work. That no lane is in two hands is kept by the lease of
each delivery, so this one may be short, and the death of a pump is soon over.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from connections.clock import database_now
from connections.models import Account

LEASE_S = 15


def acquire(account_id: int, *, owner: str) -> bool:
    """Whether the account is now the owner's to drive; renews what it holds already."""
    now = database_now()
    free = Q(lease_owner=owner) | Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    taken = Account.objects.filter(free, pk=account_id).update(
        lease_owner=owner, lease_until=now + timedelta(seconds=LEASE_S)
    )
    return taken == 1


def release(account_ids: list[int], *, owner: str) -> None:
    """Give accounts back at once, so that the next pump need not wait."""
    Account.objects.filter(pk__in=account_ids, lease_owner=owner).update(
        lease_owner="", lease_until=None
    )
