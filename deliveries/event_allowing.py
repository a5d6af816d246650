"""Which events a sender may send, when its key names them. Pure."""

from __future__ import annotations

from deliveries.intake import Items
from deliveries.reading import EventRequest
from meshes.api_errors import ApiError, Fault, Forbidden

NOT_THIS = "This publishable key may not send this event."
NONE_OF_THESE = "This publishable key may send none of these events."


def require_allowed(event: EventRequest, only: frozenset[str]) -> None:
    """Let the event through when `only` is empty or names it.

    Raises: Forbidden.
    """
    if only and event.event not in only:
        raise _refusal()


def with_refusals(items: Items, only: frozenset[str]) -> Items:
    """The items, with an error in place of each event that the sender may not send.

    Raises: Forbidden, when nothing is left.
    """
    if not only:
        return items
    judged = [
        _refusal(f"[{index}].")
        if isinstance(item, EventRequest) and item.event not in only
        else item
        for index, item in enumerate(items)
    ]
    if all(isinstance(item, ApiError) for item in judged):
        faults = [fault for item in judged if isinstance(item, ApiError) for fault in item.data]
        raise Forbidden(NONE_OF_THESE, data=faults)
    return judged


def _refusal(place: str = "") -> Forbidden:
    return Forbidden(NOT_THIS, data=[Fault(f"{place}event", "is not among this key's events")])
