"""A sandbox of one's own and a plain HTTP client for it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connections.destinations.activecampaign.sandbox import SandboxServer


class Wire:
    """Speaks to /api/3 of a sandbox as any client would."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key
        self.session = requests.Session()
        self.session.headers.update({"Api-Token": key, "Accept": "application/json"})

    def __call__(self, method: str, path: str, body: Any = None, **over: Any) -> Any:
        """The answer to one request; `body` is sent as JSON."""
        url = f"{self.url}/api/3/{path}"
        return self.session.request(method, url, json=body, timeout=10, **over)

    def sync(self, email: str, **contact: Any) -> Any:
        """The answer to a sync of the contact."""
        return self("POST", "contact/sync", {"contact": {"email": email, **contact}})

    def tag(self, contact: Any, tag: Any) -> Any:
        """The answer to adding a tag."""
        return self("POST", "contactTags", {"contactTag": {"contact": contact, "tag": tag}})

    def put_on_list(self, contact: Any, list_id: Any, status: Any = 1, **over: Any) -> Any:
        """The answer to setting a contact's status on a list."""
        body = {"list": list_id, "contact": contact, "status": status, **over}
        return self("POST", "contactLists", {"contactList": body})


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A sandbox with sample data and without a rate limit."""
    with SandboxServer(rate_per_second=None) as running:
        yield running


@pytest.fixture
def wire(server: SandboxServer) -> Iterator[Wire]:
    """A client with the server's key."""
    client = Wire(server.url, server.key)
    with client.session:
        yield client
