"""What the accounts say at the end of a run: their state, and every call that reached them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.field_checks import Person, names_in
from tests.faults.folding import HELD, Key
from tests.faults.imported import import_calls
from tests.faults.sandboxes import Call, Sandbox


@dataclass(frozen=True, slots=True)
class Seen:
    """What the accounts hold, the contacts' first names, and all calls as they came.

    Shape: what an import wrote stands among the calls when it was queued, as
    nothing else may be sent to its people until it has ended.
    """

    held: dict[Key, str]
    names: dict[Person, str]
    calls: list[Call]


def read(sandboxes: Iterable[Sandbox]) -> Seen:
    """All of it, from the sandboxes' control pages."""
    seen = Seen({}, {}, [])
    for sandbox in sandboxes:
        state = sandbox.read("state?limit=1000")
        tags = {name: number for number, name in state["tags"].items()}
        imports = sandbox.read("imports?limit=1000")["imports"]
        seen.held.update(held_in(sandbox.name, state))
        seen.names.update(names_in(sandbox.name, state))
        added = import_calls(sandbox.name, imports, tags=tags)
        seen.calls.extend(sorted([*sandbox.calls, *added], key=lambda call: call.at))
    return seen


def held_in(account: str, state: Mapping[str, Any]) -> dict[Key, str]:
    """What an account holds in the end: tags, and places on lists with their status."""
    tags = {name: number for number, name in state["tags"].items()}
    lists = {name: number for number, name in state["lists"].items()}
    found: dict[Key, str] = {}
    for contact in state["contacts"]:
        email = contact["email"].lower()
        for name in contact["tags"]:
            found[account, email, "tag", tags[name]] = HELD
        for name, status in contact["lists"].items():
            found[account, email, "list", lists[name]] = str(status)
    return found
