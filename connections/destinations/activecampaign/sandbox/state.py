"""An account's data with its lock, and the lookups and changes that people and tests make.

This is what happens behind the client's back: nothing here counts as an API request.
"""

import time
from collections.abc import Iterable, Mapping
from threading import RLock
from typing import Any

from connections.destinations.activecampaign.sandbox import changes, merging, summary
from connections.destinations.activecampaign.sandbox.request_log import LoggedRequest, RequestLog
from connections.destinations.activecampaign.sandbox.rows import (
    Automation,
    Contact,
    Field,
    FieldOption,
    MailingList,
    Membership,
    Tag,
)
from connections.destinations.activecampaign.sandbox.tables import Data, R, Table

Ref = str | int


class State:
    """One account's data. Ids go in as text or number and come out as text."""

    def __init__(self, *, log: RequestLog, accounts: tuple[str, ...] = ("default",)):
        self.lock = RLock()
        self.data = Data()
        self._log = log
        self._accounts = accounts

    @property
    def requests(self) -> list[LoggedRequest]:
        """The account's requests, oldest first; the default one has those with a wrong key."""
        return self._log.of(*self._accounts)

    def contact_by_email(self, email: str) -> dict[str, Any] | None:
        """The contact with its tags, lists, field values and automations, or None."""
        with self.lock:
            contact = self.data.contacts.find(email.lower())
            return summary.of_contact(self.data, contact) if contact else None

    def tags_of(self, email: str) -> list[str]:
        """The names of the contact's tags, sorted; empty for a stranger."""
        found = self.contact_by_email(email)
        return sorted(found["tags"]) if found else []

    def lists_of(self, email: str) -> dict[str, int]:
        """List name to status of the contact's memberships; empty for a stranger."""
        found = self.contact_by_email(email)
        return dict(found["lists"]) if found else {}

    def fields_of(self, email: str) -> dict[str, str]:
        """Field title to value; empty for a stranger."""
        found = self.contact_by_email(email)
        return dict(found["fields"]) if found else {}

    def automations_of(self, email: str) -> list[str]:
        """The names of the automations the contact entered, oldest first, with repeats."""
        found = self.contact_by_email(email)
        return list(found["automations"]) if found else []

    def add_tag(self, name: str, kind: str = "contact") -> str:
        """The id of the tag with this name, made when missing."""
        with self.lock:
            return str(changes.ensure_tag(self.data, name, now=time.time(), kind=kind)[0].id)

    def add_list(self, name: str, *, shared: bool = True) -> str:
        """The id of a new list."""
        row = MailingList(name=name, stringid=_slug(name), shared=shared)
        return self._add(self.data.lists, row)

    def add_field(self, title: str, type: str = "text", options: Iterable[str] = ()) -> str:
        """The id of a new custom field with these options."""
        with self.lock:
            perstag = "".join(letter for letter in title.upper() if letter.isalnum())
            number = len(self.data.fields) + 1
            row = Field(title=title, type=type, perstag=perstag, ordernum=number)
            field_id = self._add(self.data.fields, row)
            for order, value in enumerate(options):
                option = FieldOption(field=row.id, value=value, label=value, orderid=order)
                self._add(self.data.options, option)
            return field_id

    def add_automation(self, name: str, *, tag: Ref | None = None, list: Ref | None = None) -> str:
        """The id of a new automation, started by this tag id or list id if given."""
        trigger = ("tag", int(tag)) if tag else ("list", int(list)) if list else None
        return self._add(self.data.automations, Automation(name=name, trigger=trigger))

    def add_contact(
        self,
        email: str,
        *,
        tags: Iterable[str] = (),
        lists: Mapping[Ref, int] | Iterable[Ref] = (),
        fields: Mapping[str, str] | None = None,
        **names: str,
    ) -> str:
        """The id of the contact with this email, made or changed; starts no automation.

        Shape: tags are names; lists are ids, or ids to statuses; fields are titles to
        values; names are first_name, last_name, phone, orgname.
        """
        with self.lock:
            now = time.time()
            contact, _ = changes.save_contact(self.data, email, now=now, changes=names)
            for name in tags:
                tag, _ = changes.ensure_tag(self.data, name, now=now)
                changes.tag_contact(self.data, contact, tag, now=now, automations=False)
            for ref in lists:
                status = lists[ref] if isinstance(lists, Mapping) else changes.ACTIVE
                self._put_on_list(contact, ref, status)
            for title, value in (fields or {}).items():
                field = _found(self.data.fields.find(title.lower()), f"field named {title}")
                changes.set_value(self.data, contact, field, value, now=now)
            return str(contact.id)

    def delete_contact(self, email: str) -> None:
        """Delete a contact behind the client's back."""
        with self.lock:
            changes.drop_contact(self.data, self._contact(email))

    def delete_tag(self, tag_id: Ref) -> None:
        """Delete a tag behind the client's back."""
        with self.lock:
            changes.drop_tag(self.data, self._tag(tag_id))

    def delete_list(self, list_id: Ref) -> None:
        """Delete a list behind the client's back."""
        with self.lock:
            row = _found(self.data.lists.get(int(list_id)), f"list with id {list_id}")
            changes.drop_list(self.data, row)

    def remove_tag(self, email: str, name: str) -> None:
        """Take a tag from a contact, as a person would in ActiveCampaign."""
        with self.lock:
            tag = _found(self.data.tags.find(("contact", name.lower())), f"tag named {name}")
            contact = self._contact(email)
            link = self.data.contact_tags.find((contact.id, tag.id))
            held = _found(link, f"tag {name} on {email}")
            changes.untag_contact(self.data, held, now=time.time())

    def merge_contacts(self, loser_email: str, winner_email: str) -> None:
        """Merge the first contact into the second; the first one's id dies."""
        with self.lock:
            loser, winner = self._contact(loser_email), self._contact(winner_email)
            merging.merge_contacts(self.data, loser, winner)

    def merge_tags(self, loser_id: Ref, winner_id: Ref) -> None:
        """Merge the first tag into the second; the first one's id dies."""
        with self.lock:
            merging.merge_tags(self.data, self._tag(loser_id), self._tag(winner_id))

    def unsubscribe(self, email: str, list_id: Ref) -> None:
        """Record that the person unsubscribed from the list."""
        with self.lock:
            self._put_on_list(self._contact(email), list_id, changes.UNSUBSCRIBED)

    def bounce(self, email: str, list_id: Ref | None = None) -> None:
        """Record a hard bounce of the contact, and of its place on the list if given."""
        with self.lock:
            contact = self._contact(email)
            contact.bounced_hard += 1
            if list_id is not None:
                self._put_on_list(contact, list_id, changes.BOUNCED)

    def exclude(self, email: str) -> None:
        """Put an address on the exclusion list, which only bulk import heeds."""
        with self.lock:
            self.data.excluded.add(email.lower())

    def _add(self, table: Table[R], row: R) -> str:
        with self.lock:
            row.created = row.updated = time.time()
            return str(table.add(row).id)

    def _put_on_list(self, contact: Contact, list_id: Ref, status: int) -> None:
        row = _found(self.data.lists.get(int(list_id)), f"list with id {list_id}")
        wanted = Membership(contact=contact.id, list=row.id, status=status)
        changes.set_membership(self.data, wanted, now=time.time(), automations=False)

    def _contact(self, email: str) -> Contact:
        return _found(self.data.contacts.find(email.lower()), f"contact with email {email}")

    def _tag(self, tag_id: Ref) -> Tag:
        return _found(self.data.tags.get(int(tag_id)), f"tag with id {tag_id}")


def _found(row: R | None, what: str) -> R:
    if row is None:
        raise LookupError(f"There is no {what}.")
    return row


def _slug(name: str) -> str:
    return "-".join(name.lower().split())
