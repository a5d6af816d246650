"""A workspace beside a sandbox, and drafts of connections to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from connections.drafts import ConnectionDraft
from connections.models import Connection
from connections.saving import save_connection
from meshes.models import Workspace
from tests.builders import make_workspace
from tests.conftest import SANDBOX_KEY


@pytest.fixture
def workspace(db: None) -> Workspace:
    """Where the connections of a test live."""
    return make_workspace()


@pytest.fixture
def draft(workspace: Workspace, sandbox: Any) -> Callable[..., ConnectionDraft]:
    """A function that makes drafts to the sandbox."""

    def make(**over: Any) -> ConnectionDraft:
        values = {"api_url": sandbox.url, "api_key": SANDBOX_KEY}
        values |= {key: over.pop(key) for key in ("api_url", "api_key") if key in over}
        given = {"workspace": workspace, "kind": "activecampaign", "name": "Acme AC", **over}
        return ConnectionDraft(**{"values": values, **given})

    return make


@pytest.fixture
def saved(draft: Callable[..., ConnectionDraft]) -> Connection:
    """A connection to the sandbox, checked and read."""
    return save_connection(draft(), by="ada", now=timezone.now()).connection


@pytest.fixture
def elsewhere() -> Iterator[Any]:
    """The sandbox of another account at another address."""
    from connections.destinations.activecampaign.sandbox import SandboxServer

    with SandboxServer(key="key-elsewhere", rate_per_second=None) as server:
        yield server
