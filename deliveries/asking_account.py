"""Asks an account whether some people hold a rule's target already; each call takes its slot."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from connections.calling import open_line
from connections.destinations.contacts import ContactSeen
from deliveries.reading_back import (
    CALL_DEADLINE_S,
    NOT_OFFERED,
    CannotReadBack,
    asked,
    contacts_of,
)
from rules.drafts import RuleDraft
from rules.targets import action_of

MOST_ASKED = 20
ASK_FOR_S = 12.0
"""A busy account lets each call wait; a page that somebody looks at must not."""

NO_ACTION = "Choose an action first, and the tag or list that it is about."


@dataclass(frozen=True, slots=True)
class Held:
    """How many of the people asked about hold the target, and how many have no contact.

    Shape: `left` are those whom nobody got to ask about in time.
    """

    asked: int
    left: int
    holding: int
    unknown: int


def ask_account(draft: RuleDraft, emails: Sequence[str]) -> Held:
    """What the account says about the first twenty of the people, as far as the time allows.

    Raises: CannotReadBack with a sentence.
    """
    action = action_of(draft.connection.kind, draft.action)
    contacts = contacts_of(draft.connection)
    if action is None or (action.needs_target and not draft.target_id):
        raise CannotReadBack(NO_ACTION)
    if contacts is None:
        raise CannotReadBack(NOT_OFFERED)
    people = emails[:MOST_ASKED]

    def ask() -> Held:
        line = open_line(draft.connection, hide=people, deadline_s=CALL_DEADLINE_S)
        until = time.monotonic() + ASK_FOR_S
        seen: list[ContactSeen] = []
        for email in people:
            if seen and time.monotonic() >= until:
                break
            seen.append(contacts.look(line, email))
        holding = sum(each.holds(action.target_kind, draft.target_id) for each in seen)
        unknown = sum(not each.id for each in seen)
        return Held(len(seen), len(people) - len(seen), holding, unknown)

    return asked(draft.connection, ask)
