"""Whether two calls of one person and account were ever in flight together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.faults.sandboxes import Call

SLACK_S = 0.005


def overlapping(calls: Iterable[Call]) -> list[tuple[Call, Call]]:
    """Pairs of neighbors of one lane of which the later began before the earlier ended."""
    lanes: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in calls:
        if call.email:
            lanes[call.account, call.email].append(call)
    return [pair for lane in lanes.values() for pair in _pairs(lane)]


def _pairs(lane: list[Call]) -> list[tuple[Call, Call]]:
    lane.sort(key=lambda call: call.at)
    found, longest = [], lane[0]
    for call in lane[1:]:
        if call.at + SLACK_S < longest.at + longest.took_s:
            found.append((longest, call))
        if call.at + call.took_s > longest.at + longest.took_s:
            longest = call
    return found
