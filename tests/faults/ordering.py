"""Whether the writes that a target saw can come from its deliveries in their order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

State = tuple[int, bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery on a target: what it writes, and whether it must have.

    Shape: `sure` when its write was recorded as made; else it may have
    written, as an attempt's answer can be lost, or not.
    """

    delivery_id: int
    wanted: str
    sure: bool


def misplaced(steps: Sequence[Step], writes: Sequence[str]) -> int | None:
    """The place of the first write that no order-keeping story explains.

    Shape: None when all is explained; the number of writes when one of the
    steps' sure writes is missing at the end.
    Why: a delivery may write several times, its retries and repeats
    included, but not again after a later one on the same target began.
    """
    states: set[State] = {(-1, True)}
    for place, wanted in enumerate(writes):
        states = {state for before in states for state in _after(before, steps, wanted)}
        if not states:
            return place
    done = any(_passes(state, steps) for state in states)
    return None if done else len(writes)


def _after(state: State, steps: Sequence[Step], wanted: str) -> set[State]:
    """Where the story can be after one more write."""
    at, written = state
    found: set[State] = set()
    if at >= 0 and steps[at].wanted == wanted:
        found.add((at, True))
    if at >= 0 and steps[at].sure and not written:
        return found
    for following in range(at + 1, len(steps)):
        if steps[following].wanted == wanted:
            found.add((following, True))
        if steps[following].sure:
            break
    return found


def _passes(state: State, steps: Sequence[Step]) -> bool:
    at, written = state
    unwritten = at >= 0 and steps[at].sure and not written
    return not unwritten and not any(step.sure for step in steps[at + 1 :])
