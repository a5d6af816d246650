"""The two looks at the contact of a test: before its first write, and once it was delivered.

The worker takes them. The first one while the lane is in hand, so that nobody else of
ours writes between the look and the write.
"""

from __future__ import annotations

from django.utils import timezone

from connections.destinations.base import Call
from connections.destinations.contacts import ContactSeen
from deliveries.erasing import email_hash
from deliveries.models import Delivery, Trial
from deliveries.reading_back import CannotReadBack, contacts_of, look, remember, target_id_of

WHOM_LENGTH = 16


def look_before(delivery: Delivery, call: Call) -> None:
    """Keep what the account shows of the contact, unless an earlier attempt did.

    Raises: errors of `destinations.errors`, by which the attempt fails before it writes.
    Why: what a clean-up may take away is only what was not there before.
    """
    trial = Trial.objects.filter(event_id=delivery.event_id, before__isnull=True).first()
    contacts = contacts_of(delivery.connection)
    if trial is None or contacts is None:
        return
    seen = contacts.look(call, delivery.email)
    told = as_told(seen, delivery, target_id=delivery.target_id)
    Trial.objects.filter(pk=trial.pk, before__isnull=True).update(before=told)


def look_after(delivery: Delivery) -> None:
    """Read the contact back and keep what was found with the delivery and the test."""
    trials = Trial.objects.filter(event_id=delivery.event_id, cleaned_at__isnull=True)
    if not trials.exists():
        return
    try:
        seen = look(delivery)
        remember(delivery, seen, now=timezone.now())
    except CannotReadBack as error:
        trials.update(look_error=str(error)[:300])
        return
    note_after(delivery, seen)


def note_after(delivery: Delivery, seen: ContactSeen) -> None:
    """Keep what the contact held once the test was delivered."""
    told = as_told(seen, delivery, target_id=target_id_of(delivery))
    Trial.objects.filter(event_id=delivery.event_id).update(after=told, look_error="")


def as_told(seen: ContactSeen, delivery: Delivery, *, target_id: str) -> dict[str, str]:
    """The look as a test keeps it: ids and a word, never an address.

    Shape: `contact` is empty without a contact, `link` unless the tag is held,
    `state` unless the contact was ever on the list; `place` says what was
    looked at.
    """
    kind = delivery.target_kind
    return {
        "contact": seen.id,
        "link": seen.tags.get(target_id, "") if kind == "tag" else "",
        "state": str(seen.lists.get(target_id, "")) if kind == "list" else "",
        "place": place_of(delivery, target_id=target_id),
    }


def place_of(delivery: Delivery, *, target_id: str) -> str:
    """What a look was about: the account, the target, and a keyed hash of the address.

    Why: a replay can move a delivery, and then an earlier look says nothing of
    the place where it is now.
    """
    whom = email_hash(delivery.email)[:WHOM_LENGTH]
    return f"{delivery.account_id}:{delivery.target_kind}:{target_id}:{whom}"
