"""An attempt's right to call: a slot of the account and a lease with a whole call ahead."""

from __future__ import annotations

import time

from connections.pace import await_slot, push_back, reserve_slot
from deliveries.claiming import LEASE_S, Claim, ClaimLost, renew

RENEW_AFTER_S = 5.0
PIECE_S = 10.0
EARLY_S = 0.2
LATE_S = 0.02
"""A call that leaves later than this after its slot moves the next slots back, too."""


class Turn:
    """What runs before each call of one attempt.

    Shape: `slot_at` is the moment of the slot in hand, in seconds of this
    process's monotonic clock; `slots` counts those taken.
    Why: the first slot is reserved before the attempt is written down, so
    that it begins with its call and not with a wait in line; the writing fills
    the last part of the wait, so that it makes no call leave late.
    """

    def __init__(self, claim: Claim, account_id: int) -> None:
        self.claim = claim
        self.account_id = account_id
        self.renewed_at = time.monotonic()
        self.slot_in_hand = False
        self.slot_at = 0.0
        self.slots = 0

    def prepare(self) -> float:
        """Have the slot for the first call, almost due; how far ahead it is.

        Units: seconds, never negative.
        Raises: Paused when the account is paused; ClaimLost.
        """
        self._reserve()
        self._wait_until(EARLY_S)
        self.slot_in_hand = True
        return max(0.0, self._ahead_s())

    def __call__(self) -> None:
        """Let the next call leave in its slot.

        Raises: Paused, ClaimLost.
        """
        if not self.slot_in_hand:
            self._reserve()
        self.slot_in_hand = False
        self._wait_until(0.0)
        late_s = -self._ahead_s()
        if late_s > LATE_S:
            push_back(self.account_id, seconds=late_s)

    def _ahead_s(self) -> float:
        return self.slot_at - time.monotonic()

    def _reserve(self) -> None:
        wait_s = reserve_slot(self.account_id)
        self.slot_at = time.monotonic() + wait_s
        self.slots += 1

    def _wait_until(self, before_s: float) -> None:
        """Wait until so long before the slot, with the lease kept whatever the budget.

        Why: an account may allow one call a minute, longer than a lease.
        """
        while (left_s := self._ahead_s() - before_s) > 0:
            await_slot(self.account_id, seconds=min(left_s, PIECE_S))
            self._keep_lease()
        self._keep_lease()

    def _keep_lease(self) -> None:
        if time.monotonic() - self.renewed_at < RENEW_AFTER_S:
            return
        if not renew(self.claim):
            raise ClaimLost(f"The lease of {LEASE_S} s ran out.")
        self.renewed_at = time.monotonic()
