"""What a contact that was read back says about its delivery; pure but for the words.

It tells whether the hand-off is at fault or what the account does after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connections.destinations.base import Action
from connections.destinations.contacts import ContactSeen
from deliveries.models import Found, Mail

STRONGEST: tuple[tuple[str, Mail], ...] = (
    ("active", Mail.POSSIBLE),
    ("bounced", Mail.BOUNCED),
    ("unsubscribed", Mail.UNSUBSCRIBED),
    ("unconfirmed", Mail.UNCONFIRMED),
)
SAID: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("add", "tag"): ("The contact holds the tag {}.", "The contact does not hold the tag {}."),
        ("remove", "tag"): (
            "The contact does not hold the tag {}, as the rule wants it.",
            "The contact holds the tag {}, which the rule takes away.",
        ),
        ("add", "list"): (
            "The contact is on the list {}.",
            "The contact is no active member of the list {}.",
        ),
        ("remove", "list"): (
            "The contact is no active member of the list {}, as the rule wants it.",
            "The contact is on the list {}, from which the rule unsubscribes.",
        ),
        ("sync", "contact"): ("The contact exists.", "The contact does not exist."),
    }
)
UNDONE = "It was handed over, and somebody or an automation has changed it since."
MISSING = "This delivery has not been made, so that was to be expected."
NO_CONTACT = "{destination} has no contact with this address; it was deleted or never created."
MAIL: Mapping[str, str] = MappingProxyType(
    {
        Mail.POSSIBLE: "It is on a list, so mail can reach it: if no mail came, look at the "
        "automation in {destination}.",
        Mail.NO_LIST: "It is on no list, so no mail will go out. Subscribe it to a list in "
        "{destination}, or with a rule that adds to a list.",
        Mail.UNCONFIRMED: "It has not confirmed its subscription, so no mail will go out until "
        "it does.",
        Mail.UNSUBSCRIBED: "It has unsubscribed, so no mail will go out.",
        Mail.BOUNCED: "Its mail bounced, so no mail will go out. Ask the person for another "
        "address.",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; `mail` is empty where there is no contact."""

    found: Found
    mail: str


def judge(seen: ContactSeen, *, action: Action, target_id: str, delivered: bool) -> Finding:
    """What the contact as it was seen says about a delivery of this action."""
    if not seen.id:
        return Finding(Found.AS_WANTED if action.effect == "remove" else Found.NO_CONTACT, "")
    held = seen.holds(action.target_kind, target_id)
    if held != (action.effect == "remove"):
        found = Found.AS_WANTED
    else:
        found = Found.UNDONE if delivered else Found.MISSING
    return Finding(found, _mail(seen, list_id=target_id if action.target_kind == "list" else ""))


def _mail(seen: ContactSeen, *, list_id: str) -> Mail:
    """Whether mail can go out: by the rule's own list where it names one, else by any."""
    if seen.bounced:
        return Mail.BOUNCED
    own = seen.lists.get(list_id)
    states = {own} if own else set(seen.lists.values())
    return next((mail for state, mail in STRONGEST if state in states), Mail.NO_LIST)


def sentences(
    finding: Finding, *, action: Action | None, target: str, destination: str
) -> list[str]:
    """What was found, in the order in which it matters."""
    if finding.found == Found.NO_CONTACT:
        return [NO_CONTACT.format(destination=destination)]
    as_wanted = finding.found == Found.AS_WANTED
    said = SAID[action.effect, action.target_kind] if action else ("It is there.", "It is gone.")
    told = [said[0 if as_wanted else 1].format(target)]
    if not as_wanted:
        told.append(UNDONE if finding.found == Found.UNDONE else MISSING)
    mail = MAIL.get(finding.mail, "") if not action or action.effect != "remove" else ""
    return [*told, mail.format(destination=destination)] if mail else told


def tone(finding: Finding) -> str:
    """The color of what was found."""
    if finding.found != Found.AS_WANTED:
        return "bad"
    return "good" if finding.mail in ("", Mail.POSSIBLE) else "wait"
