"""The destinations that a connection can have; adding one adds a folder and a line here.

What is built in serves the program itself; no form, answer or list offers it.
"""

from __future__ import annotations

from connections.destinations import activecampaign, canary
from connections.destinations.base import Destination

DESTINATIONS: tuple[Destination, ...] = (activecampaign.DESTINATION,)
BUILT_IN: tuple[Destination, ...] = (canary.DESTINATION,)


class UnknownDestinationError(KeyError):
    """No destination of that kind is registered."""

    def __str__(self) -> str:
        return str(self.args[0])


def destination(kind: str) -> Destination:
    """The registered destination of that kind.

    Raises: UnknownDestinationError, a KeyError, naming the kinds that exist.
    """
    for candidate in DESTINATIONS:
        if candidate.kind == kind:
            return candidate
    known = ", ".join(candidate.kind for candidate in DESTINATIONS)
    raise UnknownDestinationError(f"There is no destination {kind!r}; known: {known}.")


def any_destination(kind: str) -> Destination:
    """The destination of that kind, the built-in ones included, for whoever sends.

    Raises: UnknownDestinationError, as `destination`.
    """
    for candidate in BUILT_IN:
        if candidate.kind == kind:
            return candidate
    return destination(kind)
