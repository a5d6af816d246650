"""Whom history is about: one person's email and user ids, and all that came of their events.

Found along indexes alone, in one workspace; nothing here changes a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Max, Q

from deliveries.models import Delivery, Event
from deliveries.searching import OF_USER, RANK
from deliveries.seeking import Asked, Found, Place, Way, seek
from meshes.models import Workspace
from rules.facts import normalized_email

NEWEST = 200
MOST_USER_IDS = 5
MOST_DELIVERIES = 1_000
ELSEWHERE = 20


@dataclass(frozen=True, slots=True)
class Person:
    """One person in one workspace.

    Shape: `user_ids` are those that no other address uses; `shared` names one that others
    use, too, so that its events are not taken for this person's.
    """

    workspace: Workspace
    email: str
    user_ids: tuple[str, ...]
    shared: str = ""

    @property
    def name(self) -> str:
        """How the page calls them."""
        return self.email or (self.user_ids[0] if self.user_ids else self.shared)


def person_of(row: Event | Delivery) -> Person | None:
    """The person of an event, or the one whom a delivery went to; None after an erasure."""
    event = row.event if isinstance(row, Delivery) else row
    email = row.email or event.email or _email_of(event)
    if not email and not event.user_id:
        return None
    ids = _user_ids(event, email)
    own = [
        each for each in ids if not email or not _used_by_others(event.workspace_id, each, email)
    ]
    shared = next((each for each in ids if each not in own), "")
    return Person(event.workspace, email, tuple(own), shared)


def history_of(person: Person, *, place: Place) -> Found:
    """The ids of the person's events, newest first.

    Shape: those with the address or a user id, and those of deliveries to the address.
    """
    ways = [Way(Q(email=person.email))] if person.email else []
    ways += [Way(Q(user_id=each), OF_USER) for each in person.user_ids]
    to_them = _by_delivery(person)
    ways += [Way(Q(pk__in=to_them), by_workspace=False)] if to_them else []
    fits = Q(pk__in=[])
    for way in ways:
        fits |= way.along
    asked = [Asked(fits, tuple(ways), RANK)]
    return seek(Event.objects.all(), asked, workspaces=[person.workspace.pk], place=place)


def find(term: str, *, workspaces: Sequence[UUID] | None) -> Event | Delivery | None:
    """The newest event of the person with this email or user id, else the newest delivery."""
    term = term.strip()
    email = normalized_email(term)
    if not term or "\x00" in term:
        return None
    ways = [Way(Q(email=email))] if email else []
    ways.append(Way(Q(user_id=term), OF_USER))
    found = _newest(Event, ways, workspaces)
    return found or (_newest(Delivery, ways[:1], workspaces) if email else None)


def elsewhere(person: Person, *, workspaces: Sequence[Workspace]) -> list[tuple[Workspace, int]]:
    """The other workspaces that know the address, each with the person's newest event."""
    others = {each.pk: each for each in workspaces if each.pk != person.workspace.pk}
    if not person.email or not others:
        return []
    rows = Event.objects.filter(workspace__in=others, email=person.email).order_by()
    newest = rows.values_list("workspace").annotate(newest=Max("pk"))[:ELSEWHERE]
    return [(others[pk], event) for pk, event in newest]


def _newest(model: type[Any], ways: list[Way], workspaces: Sequence[UUID] | None) -> Any:
    fits = Q(pk__in=[])
    for way in ways:
        fits |= way.along
    asked = [Asked(fits, tuple(ways), RANK)]
    found = seek(model.objects.all(), asked, workspaces=workspaces, place=Place(size=1))
    rows = model.objects.filter(pk__in=found.ids)
    return (rows.defer("payload") if model is Event else rows.select_related("event")).first()


def _events(workspace_id: UUID, way: Way) -> Any:
    asked = [Asked(way.along, (way,), RANK)]
    place = Place(size=NEWEST)
    found = seek(Event.objects.all(), asked, workspaces=[workspace_id], place=place)
    return Event.objects.filter(pk__in=found.ids)


def _email_of(event: Event) -> str:
    """The address that the newest events of this user id name."""
    if not event.user_id:
        return ""
    named = _events(event.workspace_id, Way(Q(user_id=event.user_id), OF_USER)).exclude(email="")
    emails = set(named.values_list("email", flat=True))
    return str(emails.pop()) if len(emails) == 1 else ""


def _user_ids(event: Event, email: str) -> list[str]:
    ids = [event.user_id] if event.user_id else []
    if email:
        theirs = _events(event.workspace_id, Way(Q(email=email))).exclude(user_id="")
        ids += theirs.order_by("-pk").values_list("user_id", flat=True)
    return list(dict.fromkeys(ids))[:MOST_USER_IDS]


def _used_by_others(workspace_id: UUID, user_id: str, email: str) -> bool:
    events = _events(workspace_id, Way(Q(user_id=user_id), OF_USER))
    return bool(events.exclude(email__in=["", email]).exists())


def _by_delivery(person: Person) -> list[int]:
    """The events of others from which something was delivered to this address."""
    if not person.email:
        return []
    rows = Delivery.objects.filter(workspace=person.workspace, email=person.email)
    newest = rows.order_by("-pk").values_list("event_id", "event__email")[:MOST_DELIVERIES]
    return [event for event, email in newest if email != person.email]
