"""What changes an account's data, and what such a change sets off.

The only place that starts automations. Knows no HTTP; callers hold the account's lock.
"""

from connections.destinations.activecampaign.sandbox.rows import (
    Automation,
    Contact,
    ContactTag,
    Enrollment,
    Field,
    FieldValue,
    MailingList,
    Membership,
    Tag,
)
from connections.destinations.activecampaign.sandbox.tables import Data, R, Table

ACTIVE, UNSUBSCRIBED, BOUNCED = 1, 2, 3


def save_contact(
    data: Data, email: str, *, now: float, changes: dict[str, str]
) -> tuple[Contact, bool]:
    """The contact with this email after the changes, and whether it is new."""
    contact = data.contacts.find(email.lower())
    if contact is None:
        fresh = Contact(email=email, created=now, updated=now)
        for name, value in changes.items():
            setattr(fresh, name, value)
        return data.contacts.add(fresh), True
    data.contacts.change(contact, updated=now, **changes)
    return contact, False


def ensure_tag(data: Data, name: str, *, now: float, kind: str = "contact") -> tuple[Tag, bool]:
    """The tag with this name, compared without case, and whether it is new."""
    tag = data.tags.find((kind, name.lower()))
    if tag:
        return tag, False
    return data.tags.add(Tag(name=name, kind=kind, created=now, updated=now)), True


def tag_contact(
    data: Data, contact: Contact, tag: Tag, *, now: float, automations: bool = True
) -> tuple[ContactTag, bool]:
    """The link between the two, and whether it is new; a new one starts automations."""
    link = data.contact_tags.find((contact.id, tag.id))
    if link:
        return link, False
    link = ContactTag(contact=contact.id, tag=tag.id, created=now, updated=now)
    data.contact_tags.add(link)
    contact.updated = now
    if automations:
        start_automations(data, contact, ("tag", tag.id), now=now)
    return link, True


def untag_contact(data: Data, link: ContactTag, *, now: float) -> None:
    """Take a tag from a contact."""
    data.contact_tags.remove(link)
    contact = data.contacts.get(link.contact)
    if contact:
        contact.updated = now


def set_membership(
    data: Data, wanted: Membership, *, now: float, automations: bool = True
) -> tuple[Membership, bool]:
    """The contact's place on a list as wanted, and whether it is new.

    Why: only the step to active starts automations; repeating it does not.
    """
    row = data.memberships.find((wanted.contact, wanted.list))
    before = row.status if row else None
    if row is None:
        wanted.created = now
        row = data.memberships.add(wanted)
    else:
        data.memberships.change(row, status=wanted.status, source=wanted.source, updated=now)
    contact = data.contacts.get(wanted.contact)
    if contact:
        contact.updated = now
        if automations and before != ACTIVE and row.status == ACTIVE:
            start_automations(data, contact, ("list", row.list), now=now)
    return row, before is None


def set_value(
    data: Data, contact: Contact, field: Field, value: str, *, now: float
) -> tuple[FieldValue, bool]:
    """The contact's value of a field as given, and whether it is the first one."""
    contact.updated = now
    row = data.values.find((contact.id, field.id))
    if row:
        data.values.change(row, value=value, updated=now)
        return row, False
    row = FieldValue(contact=contact.id, field=field.id, value=value, created=now, updated=now)
    return data.values.add(row), True


def start_automations(
    data: Data, contact: Contact, trigger: tuple[str, int], *, now: float
) -> list[Enrollment]:
    """The entries into every active automation that waits for this trigger."""
    waiting = [row for row in data.automations if row.active and row.trigger == trigger]
    return [enroll(data, contact, row, now=now, cause=trigger[0]) for row in waiting]


def enroll(
    data: Data, contact: Contact, automation: Automation, *, now: float, cause: str
) -> Enrollment:
    """A new entry of the contact into the automation."""
    entry = Enrollment(
        contact=contact.id, automation=automation.id, cause=cause, created=now, updated=now
    )
    contact.updated = now
    return data.enrollments.add(entry)


def drop_contact(data: Data, contact: Contact) -> None:
    """Delete a contact and everything that hangs on it."""
    _drop_all(data.contact_tags, data.contact_tags.of(contact.id))
    _drop_all(data.memberships, data.memberships.of(contact.id))
    _drop_all(data.values, data.values.of(contact.id))
    _drop_all(data.enrollments, data.enrollments.of(contact.id))
    data.contacts.remove(contact)


def drop_tag(data: Data, tag: Tag) -> None:
    """Delete a tag and take it from everyone."""
    _drop_all(data.contact_tags, [row for row in data.contact_tags if row.tag == tag.id])
    data.tags.remove(tag)


def drop_list(data: Data, mailing_list: MailingList) -> None:
    """Delete a list with its memberships."""
    members = [row for row in data.memberships if row.list == mailing_list.id]
    _drop_all(data.memberships, members)
    data.lists.remove(mailing_list)


def drop_field(data: Data, field: Field) -> None:
    """Delete a field with its options, places and values."""
    _drop_all(data.options, data.options.of(field.id))
    _drop_all(data.rels, data.rels.of(field.id))
    _drop_all(data.values, [row for row in data.values if row.field == field.id])
    data.fields.remove(field)


def _drop_all(table: Table[R], rows: list[R]) -> None:
    for row in rows:
        table.remove(row)
