"""Contacts as people read them: names instead of ids. For tests, the control pages and the page.

Not a shape of the vendor's API. Callers hold the account's lock.
"""

import heapq
from typing import Any

from connections.destinations.activecampaign.sandbox.rows import Batch, Contact, Enrollment
from connections.destinations.activecampaign.sandbox.tables import Data


def of_contact(data: Data, contact: Contact) -> dict[str, Any]:
    """One contact with everything that hangs on it.

    Shape: tags in the order they were added, lists name to status, fields title to
    value, automations in the order they were entered. Units: created, updated in epoch s.
    """
    return {
        "id": str(contact.id),
        "email": contact.email,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "phone": contact.phone,
        "bounced": contact.bounced_hard > 0,
        "tags": [data.tags[link.tag].name for link in data.contact_tags.of(contact.id)],
        "lists": {data.lists[row.list].name: row.status for row in data.memberships.of(contact.id)},
        "fields": {data.fields[row.field].title: row.value for row in data.values.of(contact.id)},
        "automations": [
            data.automations[row.automation].name for row in data.enrollments.of(contact.id)
        ],
        "created": contact.created,
        "updated": contact.updated,
    }


def newest_contacts(data: Data, *, limit: int) -> list[dict[str, Any]]:
    """The contacts changed last, newest first."""
    newest = heapq.nlargest(limit, data.contacts, key=lambda row: (row.updated, row.id))
    return [of_contact(data, contact) for contact in newest]


def newest_enrollments(data: Data, *, limit: int) -> list[dict[str, Any]]:
    """The automations started last, newest first."""
    newest = heapq.nlargest(limit, data.enrollments, key=lambda row: row.id)
    return [_of_enrollment(data, row) for row in newest]


def _of_enrollment(data: Data, row: Enrollment) -> dict[str, Any]:
    contact = data.contacts.get(row.contact)
    return {
        "id": str(row.id),
        "automation": data.automations[row.automation].name,
        "email": contact.email if contact else "",
        "cause": row.cause,
        "at": row.created,
    }


def newest_imports(data: Data, *, limit: int) -> list[dict[str, Any]]:
    """The imports queued last, newest first, and what came of each of their people.

    Shape: `imported` is False for all people of an import that failed or has
    not ended. Units: created, finished in epoch s, finished 0 while it waits.
    """
    newest = heapq.nlargest(limit, data.batches.values(), key=lambda batch: batch.created)
    return [_of_import(batch) for batch in newest]


def _of_import(batch: Batch) -> dict[str, Any]:
    done, refused = batch.outcome == "completed", set(batch.failure)
    people = [
        {
            "email": item["email"],
            "tags": item.get("tags", []),
            "imported": done and item["email"] not in refused,
        }
        for item in batch.contacts
    ]
    return {
        "id": batch.batch_id,
        "outcome": batch.outcome,
        "people": people,
        "created": batch.created,
        "finished": batch.finished,
    }
