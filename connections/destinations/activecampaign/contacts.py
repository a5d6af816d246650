"""Reading a contact back from ActiveCampaign, and undoing what a test did to it.

Source: ActiveCampaign API v3 reference, sections 3.3, 3.5, 4.4 and 5.2.
"""

from __future__ import annotations

from connections.destinations.activecampaign import builders, readers
from connections.destinations.activecampaign.asking import ask, rows
from connections.destinations.base import Call, Request
from connections.destinations.contacts import ContactSeen, ListState
from connections.destinations.errors import RemoteFault, Stale

STATES: dict[str, ListState] = {
    "0": "unconfirmed",
    "1": "active",
    "2": "unsubscribed",
    "3": "bounced",
}


class ActiveCampaignContacts:
    """One contact at a time; see `Contacts` for what each part means."""

    __slots__ = ()

    calls = 2

    def look(self, call: Call, email: str) -> ContactSeen:
        """The contact with its tags and lists: two calls, more with more than 19 tags.

        Raises: RemoteFault when the answer is about others only, which says nothing.
        """
        data = ask(call, builders.contact_find(email, include="contactTags")).data
        found = readers.found(data, email=email)
        if found is None and readers.has_contacts(data):
            raise RemoteFault("unexpected_answer", "ActiveCampaign answered with other contacts.")
        if found is None:
            return ContactSeen()
        try:
            tags = _tags(call, found.id, data.get("contactTags"))
            lists = _lists(call, found.id)
        except Stale:  # deleted between two looks
            return ContactSeen()
        return ContactSeen(found.id, tags, lists, found.bounced)

    def take_tag(self, call: Call, link_id: str) -> bool:
        """Whether the contact held the tag through this link and no longer does."""
        return _done(call, builders.tag_remove(link_id))

    def unsubscribe(self, call: Call, contact_id: str, list_id: str) -> bool:
        """Whether the contact is there and unsubscribed now; a membership cannot be deleted."""
        return _done(call, builders.list_set(contact_id, list_id, builders.UNSUBSCRIBED))

    def delete(self, call: Call, contact_id: str) -> bool:
        """Whether the contact was there and is gone now."""
        return _done(call, builders.contact_delete(contact_id))


def _tags(call: Call, contact_id: str, beside: object) -> dict[str, str]:
    def page(offset: int) -> Request:
        return builders.contact_tags(contact_id, offset=offset)

    found: dict[str, str] = {}
    for some in rows(call, "contactTags", page, beside=beside):
        found |= readers.links(some, contact_id=contact_id)
    return found


def _lists(call: Call, contact_id: str) -> dict[str, ListState]:
    def page(offset: int) -> Request:
        return builders.contact_lists(contact_id, offset=offset)

    found: dict[str, str] = {}
    for some in rows(call, "contactLists", page):
        found |= readers.memberships(some, contact_id=contact_id)
    # A state that nobody has described gets no mail, as far as we know.
    return {list_id: STATES.get(state, "unsubscribed") for list_id, state in found.items()}


def _done(call: Call, request: Request) -> bool:
    try:
        ask(call, request)
    except Stale:
        return False
    return True


CONTACTS = ActiveCampaignContacts()
