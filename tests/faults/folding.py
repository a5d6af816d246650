"""The state that completed deliveries make of an account when they are applied in order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HELD, ACTIVE, UNSUBSCRIBED, NOTHING = "held", "1", "2", ""
WANTED = {
    "add_tag": "add",
    "remove_tag": "remove",
    "add_to_list": ACTIVE,
    "remove_from_list": UNSUBSCRIBED,
    "sync_contact": "sync",
}

Key = tuple[str, str, str, str]
"""Account, email, kind of target and its id."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A completed delivery; `order` is the order of application.

    Shape: `absent` says that it found nothing to take away.
    """

    order: int
    key: Key
    action: str
    absent: bool = False


def folded(applied: Iterable[Applied]) -> dict[Key, str]:
    """What each target must hold in the end.

    Shape: tags `held`, lists their status; what holds nothing is left out.
    """
    state: dict[Key, str] = {}
    for one in sorted(applied, key=lambda one: one.order):
        state[one.key] = after(one)
    return {key: value for key, value in state.items() if value}


def after(applied: Applied) -> str:
    """What a target holds after a completed delivery."""
    match applied.action:
        case "add_tag":
            return HELD
        case "add_to_list":
            return ACTIVE
        case "remove_from_list":
            # Someone who was never on the list is not put there to be unsubscribed.
            return NOTHING if applied.absent else UNSUBSCRIBED
        case _:
            return NOTHING


def differences(expected: dict[Key, str], actual: dict[Key, str]) -> list[Key]:
    """The targets whose state is not the expected one, in order."""
    keys = expected.keys() | actual.keys()
    return sorted(k for k in keys if expected.get(k, NOTHING) != actual.get(k, NOTHING))
