"""ActiveCampaign as a destination, declared as data; the work is done beside this file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connections.destinations.activecampaign import address, catalog
from connections.destinations.activecampaign.actions import ACTIONS, run
from connections.destinations.activecampaign.bulk import BULK
from connections.destinations.activecampaign.contacts import CONTACTS
from connections.destinations.activecampaign.fields import CORE_FIELDS, fields_hash
from connections.destinations.activecampaign.preview import preview
from connections.destinations.activecampaign.web_pages import web_page
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
from connections.destinations.errors import Misconfigured

WHERE = "In ActiveCampaign: Settings, then Developer"


class ActiveCampaign:
    """What ActiveCampaign offers; see `Destination` for what each part means."""

    __slots__ = ()

    kind = "activecampaign"
    name = "ActiveCampaign"
    fields: tuple[CredentialField, ...] = (
        CredentialField("api_url", "API URL", "text", help_text=WHERE, validate="url"),
        CredentialField("api_key", "API Key", "password", help_text=WHERE),
    )
    actions: tuple[Action, ...] = ACTIONS
    core_fields: tuple[CatalogItem, ...] = CORE_FIELDS
    bulk: Bulk | None = BULK
    contacts: Contacts | None = CONTACTS

    def normalize(
        self, metadata: Mapping[str, str], *, allow_private: bool = False
    ) -> dict[str, str]:
        """The API URL as scheme and host; raises ValueError with a sentence."""
        return address.normalized(metadata, allow_private=allow_private)

    def account_key(self, metadata: Mapping[str, str]) -> str:
        """The normalized API host, with its port when that is unusual."""
        return address.account_key(metadata)

    def api_base(self, metadata: Mapping[str, str]) -> str:
        """The URL that request paths are appended to."""
        return address.api_base(metadata)

    def web_page(self, metadata: Mapping[str, str], *, kind: str, external_id: str) -> str:
        """Where a person sees the contact, tag or list in the account."""
        return web_page(metadata, kind=kind, external_id=external_id)

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The headers of every request; raises Misconfigured for a bad key."""
        try:
            key = address.checked_key(secrets.get("api_key", ""))
        except ValueError as error:
            raise Misconfigured("api_key_malformed", str(error)) from None
        return {"Api-Token": key, "Accept": "application/json", "Content-Type": "application/json"}

    def check(self, call: Call) -> Checked:
        """The account's name and counts, and what the key may not read."""
        return catalog.check(call)

    def probe(self, call: Call) -> None:
        """Nothing when the credentials work."""
        catalog.probe(call)

    def read_catalog(self, call: Call) -> Iterator[CatalogItem]:
        """Every contact tag, list and custom field, all pages."""
        return catalog.read_catalog(call)

    def run(
        self,
        job: Job,
        call: Call,
        known: KnownContact,
        *,
        hooks: Hooks = NO_HOOKS,
    ) -> Done:
        """The job done."""
        return run(job, call, known, hooks=hooks)

    def preview(self, job: Job) -> tuple[Request, ...]:
        """The requests of a first delivery, for a dry run."""
        return preview(job)

    def fields_hash(self, job: Job) -> str:
        """A digest of what a sync of this job would write; empty for nothing."""
        return fields_hash(job)


DESTINATION = ActiveCampaign()
