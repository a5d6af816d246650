"""Tags and lists inside a contact write: an unproven capability, off unless switched on.

Source: API reference section 3.1, "Inline tags and lists". Off, the members are ignored.
"""

from dataclasses import dataclass

from connections.destinations.activecampaign.sandbox import changes, refusals
from connections.destinations.activecampaign.sandbox.call import Call, Json
from connections.destinations.activecampaign.sandbox.messages import as_id
from connections.destinations.activecampaign.sandbox.rows import Contact, Membership


@dataclass(frozen=True)
class Wanted:
    """Tag names to add and ids of lists to be active on."""

    tags: tuple[str, ...] = ()
    lists: tuple[int, ...] = ()


def checked(call: Call, given: Json) -> Wanted:
    """What the contact asks for, checked before anything is written.

    Raises: Refusal when one list does not exist.
    """
    asked = isinstance(given.get("tags"), list) or isinstance(given.get("lists"), list)
    if not asked or call.switch("inline_tags_lists") is None:
        return Wanted()
    names = [name for name in given.get("tags") or [] if isinstance(name, str) and name]
    items = [item for item in given.get("lists") or [] if isinstance(item, dict)]
    lists = [as_id(item.get("list")) for item in items]
    if any(call.data.lists.get(list_id) is None for list_id in lists):
        raise refusals.errors(422, refusals.related_missing("list"))
    return Wanted(tuple(names), tuple(lists))


def apply(call: Call, contact: Contact, wanted: Wanted) -> None:
    """Add the tags, making unknown ones, and the memberships, always active."""
    for name in wanted.tags:
        tag, _ = changes.ensure_tag(call.data, name, now=call.now)
        changes.tag_contact(call.data, contact, tag, now=call.now)
    for list_id in wanted.lists:
        row = Membership(contact=contact.id, list=list_id, status=changes.ACTIVE)
        changes.set_membership(call.data, row, now=call.now)
