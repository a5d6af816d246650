"""How long what dead workers left in hand stayed there."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

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


def recovery_times(happened: Happened, kills: Sequence[datetime]) -> list[float]:
    """Seconds from a kill to the closing of each attempt that it cut off.

    Shape: of several kills that can have been the cause, the first after the
    attempt began and within a lease of its closing; so rather too long.
    """
    from deliveries.claiming import LEASE_S

    window = timedelta(seconds=LEASE_S + PROMISED_S)
    times = []
    for attempt in happened.attempts:
        if attempt.reason != "worker_lost" or attempt.completed_at is None:
            continue
        begin = max(attempt.started_at, attempt.completed_at - window)
        causes = [kill for kill in kills if begin <= kill <= attempt.completed_at]
        if causes:
            times.append((attempt.completed_at - min(causes)).total_seconds())
    return times


def recovery_note(times: Sequence[float]) -> str:
    """The middle and the longest of these times, as people read them."""
    if not times:
        return "no attempt was cut off"
    middle, longest = statistics.median(times), max(times)
    return f"p50 {middle:.1f} s, max {longest:.1f} s over {len(times)} attempts"
