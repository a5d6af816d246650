"""Merging two contacts or two tags into one, as people do in ActiveCampaign's own pages.

The id that was merged away answers 404 afterwards.
"""

from connections.destinations.activecampaign.sandbox.changes import drop_contact, drop_tag
from connections.destinations.activecampaign.sandbox.rows import Contact, ContactTag, Tag
from connections.destinations.activecampaign.sandbox.tables import Data


def merge_contacts(data: Data, loser: Contact, winner: Contact) -> None:
    """Give the winner what only the loser had, then delete the loser."""
    for link in data.contact_tags.of(loser.id):
        if not data.contact_tags.find((winner.id, link.tag)):
            data.contact_tags.change(link, contact=winner.id)
    for row in data.memberships.of(loser.id):
        if not data.memberships.find((winner.id, row.list)):
            data.memberships.change(row, contact=winner.id)
    for value in data.values.of(loser.id):
        if not data.values.find((winner.id, value.field)):
            data.values.change(value, contact=winner.id)
    drop_contact(data, loser)


def merge_tags(data: Data, loser: Tag, winner: Tag) -> None:
    """Give everyone who held the loser the winner, then delete the loser.

    Why: a merge is bookkeeping, so it starts no automation.
    """
    for link in [row for row in data.contact_tags if row.tag == loser.id]:
        _move_link(data, link, winner)
    drop_tag(data, loser)


def _move_link(data: Data, link: ContactTag, winner: Tag) -> None:
    if not data.contact_tags.find((link.contact, winner.id)):
        data.contact_tags.change(link, tag=winner.id)
