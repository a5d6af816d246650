"""What the product of the run posts: seeded events, some of them poison. Pure."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.faults.scene import ACCOUNTS, BURST_RULE, PAGES

SINGLE, BULK = "/api/v1/events", "/api/v1/events/bulk"
PEOPLE = 40
DOMAIN = "northstar.io"
NAMES = 3
POISON_EVERY, UNMATCHED_EVERY, BULK_EVERY = 14, 10, 6
MOST_IN_BULK = 6
MOST_AT_ONCE, REFUSED_EVERY, EVENTS_OF_LEAVER = 30, 30, 8


def email_of_person(number: int) -> str:
    """The address of one of those who do things all the time."""
    return f"person-{number}@{DOMAIN}"


def leaver(number: int) -> str:
    """The address of somebody who is erased soon; nothing else in a run looks like it."""
    return f"leaver-{number}-x@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Post:
    """One request with a key of its own; each of its events carries a marker as user id."""

    key: str
    path: str
    body: bytes
    markers: tuple[str, ...]
    poison: str = ""


class Generator:
    """Posts without end, the same ones for the same seed."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)
        self._number = 0

    def next(self) -> Post:
        """The next request."""
        if self._one_in(POISON_EVERY):
            return self._poison()
        if self._one_in(BULK_EVERY):
            events = [self._event() for _ in range(self._dice.randint(2, MOST_IN_BULK))]
            return _post(BULK, events, events)
        event = self._event()
        return _post(SINGLE, event, [event])

    def _event(self, **payload: Any) -> dict[str, Any]:
        self._number += 1
        known = not self._one_in(UNMATCHED_EVERY)
        person = self._dice.randrange(PEOPLE)
        said = {
            "email": email_of_person(person),
            "user_id": f"m-{self._number}",
            "page_id": self._dice.choice(PAGES) if known else "page-without-rules",
            "first_name": f"Name {self._dice.randrange(NAMES)}",
            "page_title": "Connect your CRM",
        }
        resource = self._dice.choice(ACCOUNTS)
        payload = {name: value for name, value in {**said, **payload}.items() if value is not None}
        return {"event": "page.completed", "resource": resource, "payload": payload}

    def _poison(self) -> Post:
        kind = self._dice.choice(tuple(POISON))
        event = self._event(**POISON[kind])
        return _post(SINGLE, event, [event], poison=kind)

    def _one_in(self, many: int) -> bool:
        return self._dice.randrange(many) == 0


def burst(account: str, *, number: int, people: int) -> Iterator[Post]:
    """Requests that together bring so many people to one rule of the account.

    Shape: the same people every time; a few have an address that no
    destination takes.
    """
    for start in range(0, people, MOST_AT_ONCE):
        some = range(start, min(start + MOST_AT_ONCE, people))
        events = [_of_burst(account, number, person) for person in some]
        yield _post(BULK, events, events)


def _of_burst(account: str, number: int, person: int) -> dict[str, Any]:
    name = f'"burst-{person}"' if person % REFUSED_EVERY == 1 else f"burst-{person}"
    payload = {
        "email": f"{name}@{DOMAIN}",
        "user_id": f"b-{account}-{number}-{person}",
        "page_id": BURST_RULE[0],
        "first_name": f"Name {person % NAMES}",
    }
    return {"event": "page.completed", "resource": account, "payload": payload}


def leavers_events(number: int, dice: random.Random) -> Post:
    """What a person does who is erased then, and one event of another who names them."""
    name = leaver(number).partition("@")[0]
    events = []
    for place in range(EVENTS_OF_LEAVER + 1):
        own = place < EVENTS_OF_LEAVER
        payload = {
            "email": leaver(number) if own else email_of_person(dice.randrange(PEOPLE)),
            "user_id": f"{name}-{place}",
            "page_id": dice.choice(PAGES),
            "first_name": f"Name {dice.randrange(NAMES)}",
            "page_title": f"A page of {name}" if own else "Connect your CRM",
            "note": {"about": [f"for {leaver(number).upper()}, with thanks"]},
        }
        resource = dice.choice(ACCOUNTS)
        events.append({"event": "page.completed", "resource": resource, "payload": payload})
    return _post(BULK, events, events)


def _post(path: str, body: Any, events: list[dict[str, Any]], *, poison: str = "") -> Post:
    markers = tuple(event["payload"]["user_id"] for event in events)
    return Post(f"key-{markers[0]}", path, json.dumps(body).encode(), markers, poison)


def _nested(depth: int) -> Any:
    value: Any = "x" * 1000
    for _ in range(depth):
        value = {"in": [value, "y" * 2000]}
    return value


POISON: dict[str, dict[str, Any]] = {
    "email missing": {"email": None},
    "email malformed": {"email": "not an address"},
    "email that the destination refuses": {"email": '"odd"@northstar.io'},
    "huge and nested": {"extra": _nested(12)},
    "too large": {"extra": "z" * 300_000},
    "a NUL": {"first_name": "A\x00B"},
    "odd Unicode": {"first_name": "\u202e\U0001f9e8 \u0130\u0307 \ufeff\u200d"},
    "half a surrogate": {"first_name": "A\ud800B"},
    "values of the wrong kind": {"first_name": None, "page_id": 7, "user": [None, {"a": {}}]},
}
