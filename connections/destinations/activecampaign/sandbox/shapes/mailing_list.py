"""Lists and memberships. Source: API reference section 5."""

from typing import Any

from connections.destinations.activecampaign.sandbox import clock
from connections.destinations.activecampaign.sandbox.rows import Contact, MailingList, Membership
from connections.destinations.activecampaign.sandbox.shapes import links_to

LIST_LINKS = ("contactGoalLists", "user", "addressLists")
MEMBERSHIP_LINKS = (
    "automation",
    "list",
    "contact",
    "form",
    "autosyncLog",
    "campaign",
    "unsubscribeAutomation",
    "message",
)


def mailing_list(row: MailingList, base: str) -> dict[str, Any]:
    """A list; of its some 45 real keys those that matter."""
    return {
        "stringid": row.stringid,
        "userid": "1",
        "name": row.name,
        "cdate": clock.with_offset(row.created),
        "p_use_tracking": "1",
        "private": "0",
        "to_name": "Subscriber",
        "optinoptout": "1",
        "sender_url": row.sender_url,
        "sender_reminder": row.sender_reminder,
        "optinmessageid": "0",
        "optoutconf": "0",
        "deletestamp": None,
        "udate": clock.with_offset(row.updated),
        "created_timestamp": clock.without_zone(row.created),
        "updated_timestamp": clock.without_zone(row.updated),
        "created_by": None,
        "updated_by": None,
        "links": links_to(base, "lists", row.id, LIST_LINKS),
        "id": str(row.id),
        "user": "1",
    }


def membership_listed(row: Membership, contact: Contact, base: str) -> dict[str, Any]:
    """A contactList as reads show it: the status is text."""
    return {
        "contact": str(row.contact),
        "list": str(row.list),
        "form": None,
        "seriesid": "0",
        "sdate": clock.with_offset(row.created),
        "udate": clock.with_offset(row.updated or row.created),
        "status": str(row.status),
        "responder": "1",
        "sync": "0",
        "unsubreason": None,
        "campaign": None,
        "message": None,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "ip4Sub": "0",
        "sourceid": str(row.source),
        "autosyncLog": None,
        "ip4_last": "0",
        "ip4Unsub": "0",
        "created_timestamp": clock.without_zone(row.created),
        "updated_timestamp": clock.without_zone(row.updated or row.created),
        "created_by": None,
        "updated_by": None,
        "unsubscribeAutomation": None,
        "links": links_to(base, "contactLists", row.id, MEMBERSHIP_LINKS),
        "id": str(row.id),
        "automation": None,
    }


def membership_written(
    row: Membership, contact: Contact, base: str, sent: dict[str, Any]
) -> dict[str, Any]:
    """A contactList as its write shows it: status and ids in the type that was sent."""
    return {
        "status": sent["status"],
        "list": sent["list"],
        "contact": sent["contact"],
        "sdate": clock.with_offset(row.created),
        "udate": clock.with_offset(row.updated) if row.updated else None,
        "unsubreason": "",
        "campaign": None,
        "message": None,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "sourceid": sent.get("sourceid", row.source),
        "unsubscribeAutomation": None,
        "links": links_to(base, "contactLists", row.id, MEMBERSHIP_LINKS),
        "id": str(row.id),
    }
