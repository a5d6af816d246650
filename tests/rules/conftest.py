"""What every test of this room starts from."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from connections import destinations
from connections.destinations.base import Action, CatalogItem
from rules import index

ACTIONS = (
    Action("add_tag", "Add Tag", "tag", "add", "tag"),
    Action("remove_tag", "Remove Tag", "tag", "remove", "tag"),
    Action("add_to_list", "Add to List", "list", "add", "list"),
    Action("remove_from_list", "Remove from List", "list", "remove", "list"),
    Action("sync_contact", "Sync Contact", "contact", "sync", "contact"),
)
CORE = tuple(
    CatalogItem("field", key, key, "string") for key in ("email", "firstName", "lastName", "phone")
)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The destination as declared, while the registry does not list it yet."""
    if not destinations.DESTINATIONS:
        declared = SimpleNamespace(
            kind="activecampaign",
            name="ActiveCampaign",
            actions=ACTIONS,
            core_fields=CORE,
            fields=(),
        )
        monkeypatch.setattr(destinations, "DESTINATIONS", (declared,))


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Each test loads its rules itself."""
    index.forget()
    yield
    index.forget()
