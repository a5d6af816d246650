"""An attempt's right to call: a slot of the account and a lease with a whole call ahead."""

from __future__ import annotations

import time

from connections.pace import push_back, take_slot
from deliveries.claiming import LEASE_S, Claim, ClaimLost, renew

RENEW_AFTER_S = 5.0
LATE_S = 0.02
"""A call that leaves later than this after its slot moves the next slots back, too."""


class Turn:
    """What runs before each call of one attempt.

    Why: the first slot is taken before the attempt is written down, so that
    an attempt begins with its call and not with a wait in line.
    """

    def __init__(self, claim: Claim, account_id: int) -> None:
        self.claim = claim
        self.account_id = account_id
        self.renewed_at = time.monotonic()
        self.slot_in_hand = False
        self.slot_at = 0.0
        self.slots = 0

    def prepare(self) -> None:
        """Take the slot for the first call.

        Raises: Paused when the account is paused; ClaimLost.
        """
        self._wait()
        self.slot_in_hand = True

    def __call__(self) -> None:
        """Take the slot for the next call.

        Raises: Paused, ClaimLost.
        """
        if not self.slot_in_hand:
            self._wait()
        self.slot_in_hand = False
        late_s = time.monotonic() - self.slot_at
        if late_s > LATE_S:
            push_back(self.account_id, seconds=late_s)

    def _wait(self) -> None:
        self.slot_at = take_slot(self.account_id)
        self.slots += 1
        if time.monotonic() - self.renewed_at < RENEW_AFTER_S:
            return
        if not renew(self.claim):
            raise ClaimLost(f"The lease of {LEASE_S} s ran out.")
        self.renewed_at = time.monotonic()
