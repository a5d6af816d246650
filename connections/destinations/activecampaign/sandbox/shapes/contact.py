"""The contact object in its two shapes. Source: API reference section 2.1."""

from typing import Any

from connections.destinations.activecampaign.sandbox import clock
from connections.destinations.activecampaign.sandbox.rows import Contact
from connections.destinations.activecampaign.sandbox.shapes import links_to

LINKS = (
    "bounceLogs",
    "contactAutomations",
    "contactData",
    "contactGoals",
    "contactLists",
    "contactLogs",
    "contactTags",
    "contactDeals",
    "deals",
    "fieldValues",
    "geoIps",
    "notes",
    "organization",
    "plusAppend",
    "trackingLogs",
    "scoreValues",
    "accountContacts",
    "automationEntryCounts",
)


def short(contact: Contact, base: str) -> dict[str, Any]:
    """What a write that created the contact answers."""
    return {
        "email": contact.email,
        "phone": contact.phone,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "email_empty": False,
        "cdate": clock.with_offset(contact.created),
        "udate": clock.with_offset(contact.updated),
        "orgid": "",
        "orgname": contact.orgname,
        "links": _links(contact, base),
        "hash": contact.hash,
        "id": str(contact.id),
        "organization": "",
    }


def full(contact: Contact, base: str) -> dict[str, Any]:
    """What updates, reads and sideloads answer."""
    return {
        "cdate": clock.with_offset(contact.created),
        "email": contact.email,
        "phone": contact.phone,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "orgid": "0",
        "orgname": contact.orgname,
        "segmentio_id": "",
        "bounced_hard": str(contact.bounced_hard),
        "bounced_soft": "0",
        "bounced_date": clock.day(contact.updated) if contact.bounced_hard else None,
        "ip": "0",
        "ua": None,
        "hash": contact.hash,
        **_UNUSED,
        **_dates(contact),
        "email_empty": False,
        "mpp_tracking": "0",
        "links": _links(contact, base),
        "id": str(contact.id),
        "organization": None,
    }


_UNUSED: dict[str, Any] = {
    "socialdata_lastcheck": None,
    "email_local": "",
    "email_domain": "",
    "sentcnt": "0",
    "rating_tstamp": None,
    "gravatar": "0",
    "deleted": "0",
    "anonymized": "0",
    "adate": None,
    "edate": None,
    "deleted_at": None,
    "created_by": None,
    "updated_by": None,
}


def _dates(contact: Contact) -> dict[str, str]:
    created, updated = clock.without_zone(contact.created), clock.without_zone(contact.updated)
    return {
        "udate": clock.with_offset(contact.updated),
        "created_utc_timestamp": created,
        "updated_utc_timestamp": updated,
        "created_timestamp": created,
        "updated_timestamp": updated,
    }


def _links(contact: Contact, base: str) -> dict[str, str]:
    links = links_to(base, "contacts", contact.id, LINKS)
    links["contactAutomations"] += "?limit=1000&orders%5Blastdate%5D=DESC"
    return links
