"""What people may set on an account: its budget of requests."""

from __future__ import annotations

from connections.models import Account

SLOWEST = 0.01
FASTEST = 100.0


class RateImpossible(Exception):
    """The budget is no number that pacing can work with."""


def set_rate(account: Account, *, requests_per_second: float) -> None:
    """Give the account this budget, for all its connections and from now on.

    Raises: RateImpossible outside of the bounds above.
    """
    if not SLOWEST <= requests_per_second <= FASTEST:  # false for NaN too
        raise RateImpossible(f"Enter a number from {SLOWEST:g} to {FASTEST:g}.")
    Account.objects.filter(pk=account.pk).update(requests_per_second=requests_per_second)
    account.requests_per_second = requests_per_second
