"""Whether something that came too late was applied over what came after it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completion:
    """One application of a delivery to a target.

    Shape: `late` says that it was made by a replay, a backfill or after a
    hold; such a one and any other are in the order of their events, two that
    came live in that of their rows.
    """

    delivery_id: int
    event_id: int
    late: bool = False


def overtaken(
    completions: Sequence[Completion], *, insisted: Collection[int]
) -> Iterator[tuple[int, int]]:
    """Deliveries that were applied over a later one, each with that later one.

    Shape: `completions` of one target, in the order of application. What was
    applied after a delivery's own earlier application is asked for, no more.
    """
    for place, one in enumerate(completions):
        if one.delivery_id in insisted:
            continue
        for other in reversed(completions[:place]):
            if other.delivery_id == one.delivery_id:
                break
            by_event = one.late or other.late
            if _order(other, by_event=by_event) > _order(one, by_event=by_event):
                yield one.delivery_id, other.delivery_id
                break


def _order(one: Completion, *, by_event: bool) -> tuple[int, int]:
    return (one.event_id if by_event else 0, one.delivery_id)
