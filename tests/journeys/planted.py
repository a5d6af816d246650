"""Values that must not get out, planted everywhere, and where each of them may stand."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MARK = "qzplant"
"""In every planted value, and nowhere else."""

EVENT, DELIVERY, CACHE = "deliveries_event", "deliveries_delivery", "connections_contactcache"
PAYLOAD = f"{EVENT}.payload"
KEYS = "meshes_publishablekey.key meshes_historicalpublishablekey.key".split()
CONTACTS = "meshes_alertcontact.email meshes_historicalalertcontact.email".split()


@dataclass(frozen=True)
class Plant:
    """A value and the only columns that may hold it; `shown` lets pages of the staff show it."""

    value: str
    columns: frozenset[str] = frozenset()
    shown: bool = False


def plant(name: str, *columns: str, around: str = "{}", shown: bool = False) -> Plant:
    """A value of this name, small letters and digits only, that may stand in these columns."""
    return Plant(around.format(f"{MARK}{name}7f3e9b"), frozenset(columns), shown)


API_KEY = plant("apikey")
WRONG_KEY = plant("wrongkey")
EMAIL = plant(
    "person", PAYLOAD, f"{EVENT}.email", f"{DELIVERY}.email", f"{CACHE}.email",
    around="{}@planted.example", shown=True,
)  # fmt: skip
USER = plant("user", PAYLOAD, f"{EVENT}.user_id", shown=True)
TITLE = plant("title", PAYLOAD, f"{EVENT}.page_title", shown=True)
NAME = plant("firstname", PAYLOAD)
PLAN = plant("plan", PAYLOAD)
REFUSED = plant("refused")
TOKEN = plant("token")
COOKIE = plant("cookie")
PASSWORD = plant("password")
MAIL_PASSWORD = plant("mailpassword")
OPS = plant("ops", *CONTACTS, around="{}@planted.example", shown=True)
PLANTS = [API_KEY, WRONG_KEY, EMAIL, USER, TITLE, NAME, PLAN, REFUSED, TOKEN, COOKIE, PASSWORD]
PLANTS += [MAIL_PASSWORD, OPS]

BODY = {
    "event": "page.completed",
    "payload": {
        "email": EMAIL.value.upper(),
        "user_id": USER.value,
        "page_title": TITLE.value,
        "first_name": NAME.value,
        "plan": PLAN.value,
    },
}


def spellings(value: str) -> set[str]:
    """The value in small letters, and as each base64 of something around it would hold it."""
    found = {value.casefold()}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + value.encode()).decode()
        # Its ends depend on what stands beside it.
        found.add(coded[4 if shift else 0 : len(coded) // 4 * 4 - 4].casefold())
    return found


def found_in(text: str, plants: Iterable[Plant]) -> Iterator[Plant]:
    """The planted values that the text holds in any spelling."""
    folded = text.casefold()
    for each in plants:
        if any(spelling in folded for spelling in spellings(each.value)):
            yield each
