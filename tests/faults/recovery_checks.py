"""How long what dead workers left in hand stayed there."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from tests.faults.happened import Happened
from tests.faults.verdicts import Verdict
from tests.faults.watching import InHand

PROMISED_S = 60.0
SLACK = 2


def nothing_stayed_in_hand(in_hand: Iterable[InHand]) -> Verdict:
    """No delivery was in hand for twice 60 seconds without a sign of life."""
    seen = list(in_hand)
    longest = max((one.silent_s for one in seen), default=0.0)
    broken = tuple(
        f"Delivery {one.delivery_id} was in hand for {one.silent_s:.0f} s without a sign of life."
        for one in seen
        if one.silent_s > PROMISED_S * SLACK
    )
    note = f"longest silence {longest:.1f} s"
    return Verdict("nothing stays in hand after its worker died", len(seen), broken, note)


def recovery_times(
    happened: Happened, in_hand: Mapping[tuple[int, str], InHand], kills: Sequence[datetime]
) -> list[float]:
    """Seconds from a kill to the closing of each attempt that it cut off.

    Shape: of several kills that can have been the cause, the first after the
    last sign of life; so rather too long than too short.
    Why: when an attempt began is told by its worker, whose clock may jump.
    """
    times = []
    for attempt in happened.attempts:
        seen = in_hand.get((attempt.delivery_id, str(attempt.lease_token)))
        ended_at = attempt.completed_at
        if attempt.reason != "worker_lost" or seen is None or ended_at is None:
            continue
        causes = [kill for kill in kills if seen.sign_of_life <= kill <= ended_at]
        times += [(ended_at - min(causes)).total_seconds()] if causes else []
    return times


def recovery_note(times: Sequence[float]) -> str:
    """The middle and the longest of these times, as people read them."""
    if not times:
        return "no attempt was cut off"
    middle, longest = statistics.median(times), max(times)
    return f"p50 {middle:.1f} s, max {longest:.1f} s over {len(times)} attempts"
