"""The five things that a rule can ask of ActiveCampaign, as lists of steps.

Nothing here retries or waits; a repeated run has the effect of one.
Source: ActiveCampaign API v3 reference, sections 3.1, 4.3, 4.4, 5.2 and 16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from connections.destinations.activecampaign import builders, readers
from connections.destinations.activecampaign.asking import rows
from connections.destinations.activecampaign.visit import (
    Visit,
    adding,
    check_shown_email,
    removing,
    sync,
    visit,
    with_link,
)
from connections.destinations.base import (
    NO_HOOKS,
    Action,
    Call,
    Done,
    Hooks,
    Job,
    KnownContact,
    Request,
)
from connections.destinations.errors import Rejected, RemoteFault, Stale

UNCONFIRMED, ACTIVE, UNSUBSCRIBED, BOUNCED = "0", "1", "2", "3"


class PageBuilder(Protocol):
    """Builds the request for one page of what belongs to a contact."""

    def __call__(self, contact_id: str, *, offset: int = 0) -> Request: ...


ACTIONS = (
    Action("add_tag", "Add Tag", "tag", "add", "tag", "Gives the contact a tag."),
    Action("remove_tag", "Remove Tag", "tag", "remove", "tag", "Takes a tag from the contact."),
    Action("add_to_list", "Add to List", "list", "add", "list", "Subscribes the contact."),
    Action(
        "remove_from_list", "Remove from List", "list", "remove", "list",
        "Unsubscribes the contact.",
    ),
    Action(
        "sync_contact", "Sync Contact", "contact", "sync", "contact",
        "Creates or updates the contact from the mapped fields.",
    ),
)  # fmt: skip


def run(job: Job, call: Call, known: KnownContact, *, hooks: Hooks = NO_HOOKS) -> Done:
    """The job done; raises an error of `errors` when it is not."""
    steps = {
        "add_tag": add_tag,
        "remove_tag": remove_tag,
        "add_to_list": add_to_list,
        "remove_from_list": remove_from_list,
        "sync_contact": sync_contact,
    }
    return steps[job.action](visit(job, call, known, hooks=hooks))


def add_tag(v: Visit) -> Done:
    """The contact holds the tag: one call when known, two when not.

    Shape: to start its automation again the tag is taken away first, which
    is one call more where the link is known, and two or three where it is not.
    """
    return adding(v, _add_tag_again if v.job.restart else _add_tag)


def remove_tag(v: Visit) -> Done:
    """The contact does not hold the tag: one call when the link is known."""
    link = v.contact.links.get(v.target_id, "")
    if link and _removed(v, link):
        return v.done("applied", "The tag was removed.")
    return removing(v, _remove_tag, include="contactTags")


def add_to_list(v: Visit) -> Done:
    """The contact is an active member of the list.

    Raises: Rejected `contact_unsubscribed` or `contact_bounced` where that
    would undo what the contact or their mailbox decided.
    """
    return adding(v, _add_to_list)


def remove_from_list(v: Visit) -> Done:
    """The contact is no active member of the list."""
    return removing(v, _remove_from_list, include="contactLists")


def sync_contact(v: Visit) -> Done:
    """The contact exists and carries the mapped fields: always one call."""
    if not sync(v):
        raise RemoteFault(
            "contact_duplicate", "Somebody else was creating this contact; its fields come later."
        )
    return v.done("applied", "The contact was created or updated.")


def _add_tag(v: Visit) -> Done:
    reply = v.ask(builders.tag_add(v.contact.id, v.target_id))
    check_shown_email(v, reply)
    with_link(v, readers.link_id(reply.data))
    if reply.status == 200:
        return v.done("already", "The contact already held the tag.")
    return v.done("applied", "The tag was added.")


def _add_tag_again(v: Visit) -> Done:
    if v.job.taken_away != v.target_id:
        if not v.brand_new:
            _take_away(v)
        # Told also where nothing was there to take: after an add whose answer was lost, the
        # next try would take away what that one gave, and the automation would start twice.
        v.hooks.taken(v.target_id)
    return _add_tag(v)


def _take_away(v: Visit) -> None:
    link = v.contact.links.get(v.target_id, "")
    if not (link and _removed(v, link)):
        link = _held(v)
        if link:
            _removed(v, link)
    with_link(v, "")
    v.hooks.learn(v.contact)


def _remove_tag(v: Visit) -> Done:
    link = "" if v.absent else _held(v)
    if link and _removed(v, link):
        return v.done("applied", "The tag was removed.")
    with_link(v, "")
    return v.done("absent", _no_contact(v) or "The contact does not hold the tag.")


def _removed(v: Visit, link: str) -> bool:
    try:
        v.ask(builders.tag_remove(link))
    except Stale:
        return False
    with_link(v, "")
    return True


def _add_to_list(v: Visit) -> Done:
    status = "" if v.brand_new else _status(v)
    if status == ACTIVE:
        return v.done("already", "The contact is already subscribed to the list.")
    opted_out = status not in ("", UNCONFIRMED)
    if opted_out and not v.job.resubscribe:
        raise _no_consent(status)
    request = builders.list_set(
        v.contact.id, v.target_id, builders.SUBSCRIBED, resubscribe=opted_out
    )
    check_shown_email(v, v.ask(request))
    return v.done("applied", "The contact was subscribed to the list.")


def _remove_from_list(v: Visit) -> Done:
    status = "" if v.absent else _status(v)
    if not status:
        return v.done("absent", _no_contact(v) or "The contact was never on the list.")
    if status == UNSUBSCRIBED:
        return v.done("already", "The contact is already unsubscribed from the list.")
    reply = v.ask(builders.list_set(v.contact.id, v.target_id, builders.UNSUBSCRIBED))
    check_shown_email(v, reply)
    return v.done("applied", "The contact was unsubscribed from the list.")


def _held(v: Visit) -> str:
    for some in _rows(v, "contactTags", builders.contact_tags):
        links = readers.links(some, contact_id=v.contact.id)
        if v.target_id in links:
            return links[v.target_id]
    return ""


def _status(v: Visit) -> str:
    for some in _rows(v, "contactLists", builders.contact_lists):
        states = readers.memberships(some, contact_id=v.contact.id)
        if v.target_id in states:
            return states[v.target_id]
    return ""


def _rows(v: Visit, key: str, build: PageBuilder) -> Iterator[Any]:
    contact_id = v.contact.id
    return rows(
        v.call, key, lambda offset: build(contact_id, offset=offset), beside=v.side.get(key)
    )


def _no_contact(v: Visit) -> str:
    return "ActiveCampaign has no such contact." if v.absent else ""


def _no_consent(status: str) -> Rejected:
    if status == BOUNCED:
        return Rejected(
            "contact_bounced", "Mail to this contact bounced; the rule may not subscribe it again."
        )
    return Rejected(
        "contact_unsubscribed", "The contact unsubscribed from this list; the rule respects that."
    )
