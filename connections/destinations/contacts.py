"""What an account shows of one contact, and the few ways to undo what a test did to it.

Pure Python, as `base`; a destination that offers it says so in its declaration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from connections.destinations.base import Call, TargetKind

ListState = Literal["active", "unconfirmed", "unsubscribed", "bounced"]


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """A contact as its account shows it now.

    Shape: `id` is empty when there is no such contact. `tags` maps a tag's id
    to the id of the contact's link to it, `lists` a list's id to the state of
    the membership. `bounced` says that the mailbox refuses all mail.
    """

    id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, ListState] = field(default_factory=dict)
    bounced: bool = False

    def holds(self, kind: TargetKind, target_id: str) -> bool:
        """Whether the tag or an active membership is there; for a contact, itself."""
        if kind == "tag":
            return target_id in self.tags
        if kind == "list":
            return self.lists.get(target_id) == "active"
        return bool(self.id)


class Contacts(Protocol):
    """Reading a contact back, and taking away what it should not keep.

    Shape: taking away says whether something was there to take.
    """

    calls: int

    def look(self, call: Call, email: str) -> ContactSeen:
        """The contact with its tags and lists; raises an error of `errors`."""

    def take_tag(self, call: Call, link_id: str) -> bool:
        """Whether a link to a tag was there and is gone now."""

    def unsubscribe(self, call: Call, contact_id: str, list_id: str) -> bool:
        """Whether the contact was there and is no active member now."""

    def delete(self, call: Call, contact_id: str) -> bool:
        """Whether the contact was there and is gone now."""
