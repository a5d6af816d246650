"""Clients for the contract's tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import make_workspace
from tests.contract.machine import Machine, make_machine


@pytest.fixture
def machine(db: None) -> Machine:
    """A client with a key for everything in an organization of its own."""
    return make_machine()


@pytest.fixture
def workspace(machine: Machine) -> Any:
    """A workspace of that organization."""
    return make_workspace(organization=machine.key.organization)
