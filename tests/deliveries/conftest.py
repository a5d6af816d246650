"""What several tests of deliveries may ask for beside the fixtures of all tests."""

from __future__ import annotations

from typing import Any

import pytest

from deliveries import job_steps


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of two deliveries, whatever the account's budget."""
    monkeypatch.setattr(job_steps, "WINDOW", 2)
    monkeypatch.setattr(job_steps, "WIDEST", 2)


@pytest.fixture
def quick_imports(sandbox: Any) -> None:
    """Imports that the sandbox works off at once."""
    sandbox.configure(import_delay_s=0.0)
