"""Where the canary ends: a destination that is always there, needs no network and keeps nothing.

It takes part in everything that happens to a delivery before and after its calls, so that
what goes wrong there shows; a connection of a person can never have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connections.destinations.base import (
    NO_HOOKS,
    Action,
    Call,
    CatalogItem,
    Checked,
    CredentialField,
    Done,
    Hooks,
    Job,
    KnownContact,
    Request,
)
from connections.destinations.bulk import Bulk
from connections.destinations.contacts import Contacts

ARRIVE = Action("arrive", "Arrive", "canary", "sync", "contact", "Says that the canary came.")
PERCH = KnownContact(id="canary")


class Canary:
    """What the canary's perch offers; see `Destination` for what each part means."""

    __slots__ = ()

    kind = "canary"
    name = "Canary"
    fields: tuple[CredentialField, ...] = ()
    actions: tuple[Action, ...] = (ARRIVE,)
    core_fields: tuple[CatalogItem, ...] = ()
    bulk: Bulk | None = None
    contacts: Contacts | None = None

    def normalize(
        self, metadata: Mapping[str, str], *, allow_private: bool = False
    ) -> dict[str, str]:
        """Nothing, as there is nothing to enter."""
        return {}

    def account_key(self, metadata: Mapping[str, str]) -> str:
        """The one account that there is."""
        return "built-in"

    def api_base(self, metadata: Mapping[str, str]) -> str:
        """An address that leads nowhere, as nothing is ever asked there."""
        return "https://canary.invalid"

    def web_page(self, metadata: Mapping[str, str], *, kind: str, external_id: str) -> str:
        """No page."""
        return ""

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """No header, as there is no key."""
        return {}

    def check(self, call: Call) -> Checked:
        """An account that holds nothing."""
        return Checked("Canary", tags=0, lists=0)

    def probe(self, call: Call) -> None:
        """Nothing: there are no credentials that could stop working."""

    def read_catalog(self, call: Call) -> Iterator[CatalogItem]:
        """No tag, list or field."""
        return iter(())

    def run(
        self,
        job: Job,
        call: Call,
        known: KnownContact,
        *,
        hooks: Hooks = NO_HOOKS,
    ) -> Done:
        """The canary arrived; any other job is a mistake of ours."""
        if job.action != ARRIVE.key:
            raise ValueError("The canary can only arrive.")
        return Done(contact=PERCH, effect="already", message="The canary arrived.")

    def preview(self, job: Job) -> tuple[Request, ...]:
        """No request."""
        return ()

    def fields_hash(self, job: Job) -> str:
        """Nothing is written, so nothing can differ."""
        return ""


DESTINATION = Canary()
