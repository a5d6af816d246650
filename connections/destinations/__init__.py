"""The registry: one line per destination, no discovery."""

from connections.destinations.base import Destination

DESTINATIONS: tuple[Destination, ...] = ()
