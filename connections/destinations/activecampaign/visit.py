"""One job's knowledge of its contact and target, and how dead ids are found again.

The steps of the actions work on a `Visit`; each kind of id is found again at most once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from connections.destinations.activecampaign import builders, readers
from connections.destinations.activecampaign.asking import Reply, ask, pages
from connections.destinations.activecampaign.fields import fields_hash
from connections.destinations.base import (
    Call,
    CatalogItem,
    Done,
    Hooks,
    Job,
    KnownContact,
    Request,
)
from connections.destinations.errors import (
    DestinationError,
    Misconfigured,
    Rejected,
    RemoteFault,
    Stale,
)


@dataclass(slots=True)
class Visit:
    """What is known so far; the steps below change it.

    Shape: `brand_new` says that this visit created the contact, `absent` that
    a look-up did not find it. `side` holds the rows that came with a look-up.
    """

    job: Job
    call: Call
    contact: KnownContact
    hooks: Hooks
    target_id: str = ""
    brand_new: bool = False
    absent: bool = False
    side: Mapping[str, object] = field(default_factory=dict)

    def ask(self, request: Request) -> Reply:
        """The successful answer to a request of this visit."""
        return ask(self.call, request)

    def done(self, effect: Literal["applied", "already", "absent"], message: str) -> Done:
        """The result, with the target's new id where it changed."""
        moved = self.target_id != self.job.target_id
        if moved:
            message += " The target was found again by its name under another id."
        return Done(self.contact, effect, message, target_id=self.target_id if moved else "")


def visit(job: Job, call: Call, known: KnownContact, *, hooks: Hooks) -> Visit:
    """The start of a job."""
    return Visit(job, call, known, hooks, target_id=job.target_id)


def ensure_synced(v: Visit) -> None:
    """The contact exists and carries the mapped fields; often without a call."""
    wanted = fields_hash(v.job)
    if not v.contact.id or (wanted and wanted != v.contact.fields_hash):
        sync(v)


def sync(v: Visit) -> bool:
    """Whether the fields are written; False when only the contact was found.

    Raises: Rejected `wrong_contact`; RemoteFault for an answer without id.
    """
    try:
        reply = v.ask(builders.contact_sync(v.job))
    except Rejected as refusal:
        if refusal.reason != "contact_duplicate":
            raise
        _adopt(v, refusal)
        return False
    contact = readers.synced(reply.data, status=reply.status)
    if not contact.id or not contact.email:
        raise RemoteFault("unexpected_answer", "ActiveCampaign synced the contact without its id.")
    if not readers.same_email(contact.email, v.job.email):
        raise _wrong_contact()
    links = v.contact.links if contact.id == v.contact.id else {}
    digest = fields_hash(v.job) or (v.contact.fields_hash if contact.id == v.contact.id else "")
    v.contact = KnownContact(contact.id, digest, links)
    v.brand_new = contact.brand_new
    v.hooks.learn(v.contact)
    return True


def find(v: Visit, *, include: Literal["contactTags", "contactLists"]) -> None:
    """Looks the contact up without ever creating it.

    Raises: RemoteFault when the answer is about others only, which says nothing.
    """
    data = v.ask(builders.contact_find(v.job.email, include=include)).data
    contact = readers.found(data, email=v.job.email)
    if contact is None and readers.has_contacts(data):
        raise RemoteFault("unexpected_answer", "ActiveCampaign answered with other contacts.")
    v.absent = contact is None
    v.side = data if contact else {}
    v.contact = KnownContact(id=contact.id) if contact else KnownContact()
    v.hooks.learn(v.contact)


def adding(v: Visit, step: Callable[[Visit], Done]) -> Done:
    """The step's result, with a dead contact synced again once."""
    ensure_synced(v)
    return _with_live_ids(v, step, renew_contact=sync)


def removing(
    v: Visit, step: Callable[[Visit], Done], *, include: Literal["contactTags", "contactLists"]
) -> Done:
    """The step's result, with a dead contact looked up again once."""

    def look_up(v: Visit) -> None:
        find(v, include=include)

    if not v.contact.id:
        look_up(v)
    return _with_live_ids(v, step, renew_contact=look_up)


def check_shown_email(v: Visit, reply: Reply) -> None:
    """Nothing when the contact written to is the one that was meant.

    Raises: Stale, so that a remembered id is renewed once.
    """
    shown = readers.shown_email(reply.data)
    if shown and not readers.same_email(shown, v.job.email):
        raise Stale(
            "wrong_contact", "The contact that we remembered has another email.", what="contact"
        )


def with_link(v: Visit, link_id: str) -> None:
    """Remembers the contact's link to the target, or forgets it when empty."""
    links = {tag: link for tag, link in v.contact.links.items() if tag != v.target_id}
    if link_id:
        links[v.target_id] = link_id
    v.contact = replace(v.contact, links=links)


def _with_live_ids(
    v: Visit, step: Callable[[Visit], Done], *, renew_contact: Callable[[Visit], object]
) -> Done:
    renewed: set[str] = set()
    while True:
        try:
            return step(v)
        except Stale as stale:
            if stale.what in renewed:
                raise _final(stale) from None
            renewed.add(stale.what)
            if stale.what == "contact":
                v.contact, v.brand_new = KnownContact(), False
                renew_contact(v)
            else:
                _renew_target(v, stale)


def _renew_target(v: Visit, stale: Stale) -> None:
    label = v.job.target_label
    item = (_tag_named if stale.what == "tag" else _list_named)(v, label) if label else None
    if item is None:
        raise _final(stale)
    if item.id != v.target_id:
        v.hooks.found(item.id)
    v.target_id = item.id


def _tag_named(v: Visit, label: str) -> CatalogItem | None:
    def exactly(offset: int) -> Request:
        return builders.tags_named(label, exact=True, offset=offset)

    def roughly(offset: int) -> Request:
        return builders.tags_named(label, exact=False, offset=offset)

    return _named(v, exactly, readers.tags) or _named(v, roughly, readers.tags)


def _list_named(v: Visit, label: str) -> CatalogItem | None:
    def page(offset: int) -> Request:
        return builders.lists_named(label, offset=offset)

    return _named(v, page, readers.lists)


def _named(
    v: Visit,
    page: Callable[[int], Request],
    items: Callable[[Mapping[str, Any]], Iterator[CatalogItem]],
) -> CatalogItem | None:
    label = v.job.target_label
    for data in pages(v.call, page):
        item = readers.named(items(data), label=label)
        if item is not None:
            return item
    return None


def _adopt(v: Visit, refusal: Rejected) -> None:
    # Another writer created the contact between two looks at it.
    find(v, include="contactTags")
    if v.absent:
        raise RemoteFault(refusal.reason, "ActiveCampaign holds the contact but does not show it.")


def _wrong_contact() -> Rejected:
    return Rejected(
        "wrong_contact", "ActiveCampaign answered with a contact that has another email."
    )


def _final(stale: Stale) -> DestinationError:
    if stale.what == "tag":
        return Misconfigured(
            "tag_not_found", "The rule's tag no longer exists in ActiveCampaign; choose another."
        )
    if stale.what == "list":
        return Misconfigured(
            "list_not_found", "The rule's list no longer exists in ActiveCampaign; choose another."
        )
    if stale.reason == "wrong_contact":
        return _wrong_contact()
    return RemoteFault(
        "contact_not_found", "ActiveCampaign does not find the contact that it has just named."
    )
