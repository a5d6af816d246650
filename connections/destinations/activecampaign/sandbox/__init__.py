"""A stand-in for ActiveCampaign on a local port, quirks and faults included.

Uses the standard library only, so that it runs wherever Python does.
"""

from connections.destinations.activecampaign.sandbox.accounts import Account
from connections.destinations.activecampaign.sandbox.seed import Seed
from connections.destinations.activecampaign.sandbox.server import PortTaken, SandboxServer

__all__ = ["Account", "PortTaken", "SandboxServer", "Seed"]
