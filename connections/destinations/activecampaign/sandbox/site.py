"""Everything that is not the API: the live page, its files and the control pages.

Refuses names that a foreign web site could have pointed at this machine.
"""

import ipaddress

from connections.destinations.activecampaign.sandbox import page
from connections.destinations.activecampaign.sandbox.accounts import Accounts, bare_host
from connections.destinations.activecampaign.sandbox.control import Control
from connections.destinations.activecampaign.sandbox.messages import Answer, Request, json_answer
from connections.destinations.activecampaign.sandbox.request_log import RequestLog


class Site:
    """The pages for people and test tools; they need no key."""

    def __init__(self, *, accounts: Accounts, log: RequestLog, bound_host: str):
        self._accounts = accounts
        self._bound_host = bound_host
        self._control = Control(accounts=accounts, log=log)

    def answer(self, request: Request) -> Answer:
        """A page, a file, an answer of the control pages, or 404."""
        if not self._is_ours(bare_host(request.host)):
            sentence = "Open the sandbox by its address or as localhost."
            return json_answer({"error": sentence}, 421)
        if request.segments[0] == "control":
            return self._control.answer(request)
        return page.answer(request)

    def _is_ours(self, host: str) -> bool:
        # A name without a dot cannot be bought, so no foreign site can point it here.
        known = host == self._bound_host or host in self._accounts.hosts()
        if known or "." not in host or host.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True
