"""The importer's work on a queued batch, some seconds after it was queued.

Source: API reference section 8: tags by name, made when missing, only added; failures for
malformed, excluded and bounced addresses and for lists a person unsubscribed from.
"""

from dataclasses import dataclass
from typing import Any

from connections.destinations.activecampaign.sandbox import changes
from connections.destinations.activecampaign.sandbox.endpoints.contact_writes import is_email
from connections.destinations.activecampaign.sandbox.messages import as_id, as_text
from connections.destinations.activecampaign.sandbox.rows import Batch, Contact, Membership
from connections.destinations.activecampaign.sandbox.tables import Data

_ATTRIBUTES = {
    "first_name": "first_name",
    "last_name": "last_name",
    "phone": "phone",
    "customer_acct_name": "orgname",
}


def due(data: Data, *, now: float, delay_s: float) -> list[Batch]:
    """The batches that have waited long enough, oldest first."""
    waiting = [batch for batch in data.batches.values() if not batch.outcome]
    return [batch for batch in waiting if now - batch.created >= delay_s]


def work(data: Data, batch: Batch, *, now: float) -> None:
    """Import every contact of the batch that may be imported."""
    for item in batch.contacts:
        reason = _obstacle(data, item)
        if reason:
            batch.failure.append(item["email"])
            batch.reasons.append({"email": item["email"], "failureReason": reason})
        else:
            batch.success.append(_import(_Row(data, item, now, not batch.exclude_automations)))
    batch.outcome, batch.finished = "completed", now


@dataclass(frozen=True)
class _Row:
    data: Data
    item: dict[str, Any]
    now: float
    automations: bool


def _obstacle(data: Data, item: dict[str, Any]) -> str:
    email = item["email"].strip()
    if not is_email(email):
        return "Malformed email address"
    if email.lower() in data.excluded:
        return "Email address is on the exclusion list"
    contact = data.contacts.find(email.lower())
    if contact is None:
        return ""
    if contact.bounced_hard:
        return "Email address has bounced"
    left = [row.list for row in data.memberships.of(contact.id) if row.status == 2]
    wanted = [as_id(entry.get("listid")) for entry in item.get("subscribe", [])]
    return "Contact previously unsubscribed from a list" if set(left) & set(wanted) else ""


def _import(row: _Row) -> str:
    values = {name: as_text(row.item[key]) for key, name in _ATTRIBUTES.items() if key in row.item}
    email = row.item["email"].strip()
    contact, _ = changes.save_contact(row.data, email, now=row.now, changes=values)
    for entry in row.item.get("fields", []):
        field = row.data.fields.get(as_id(entry.get("id")))
        if field:
            text = as_text(entry.get("value"))
            changes.set_value(row.data, contact, field, text, now=row.now)
    for name in filter(None, row.item.get("tags", [])):
        tag, _ = changes.ensure_tag(row.data, name, now=row.now)
        changes.tag_contact(row.data, contact, tag, now=row.now, automations=row.automations)
    _move(row, contact, "subscribe", changes.ACTIVE)
    _move(row, contact, "unsubscribe", changes.UNSUBSCRIBED)
    return str(contact.id)


def _move(row: _Row, contact: Contact, member: str, status: int) -> None:
    for entry in row.item.get(member, []):
        mailing_list = row.data.lists.get(as_id(entry.get("listid")))
        if mailing_list:
            place = Membership(contact=contact.id, list=mailing_list.id, status=status)
            changes.set_membership(row.data, place, now=row.now, automations=row.automations)
