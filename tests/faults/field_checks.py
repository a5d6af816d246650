"""Whether every contact carries the fields that its last completed delivery says. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tests.faults.happened import Happened
from tests.faults.verdicts import Verdict

WRITING = ("add_tag", "add_to_list", "sync_contact")

Person = tuple[str, str]
"""Account and email."""


def names_in(account: str, state: Mapping[str, Any]) -> dict[Person, str]:
    """The first name of every contact of an account."""
    return {(account, row["email"].lower()): row["firstName"] for row in state["contacts"]}


def names_are_the_fold(happened: Happened, actual: Mapping[Person, str]) -> Verdict:
    """Each first name is that of the person's last delivered attempt that writes fields.

    Shape: a delivery that ended without being completed may have written
    its name before; that is counted in the note.
    """
    rows = {row.id: row for row in happened.deliveries}
    applied: list[tuple[int, Person, str]] = []
    unsure: defaultdict[Person, set[str]] = defaultdict(set)
    for attempt in happened.attempts:
        row, person = rows[attempt.delivery_id], attempt.key[:2]
        if attempt.action not in WRITING or not row.first_name.strip():
            continue
        if attempt.delivered:
            applied.append((attempt.id, person, row.first_name))
        elif row.status != "completed":
            unsure[person].add(row.first_name)
    expected = {person: name for _order, person, name in sorted(applied)}
    wrong = [person for person, name in actual.items() if name != expected.get(person, "")]
    broken = [person for person in wrong if actual[person] not in unsure[person]]
    return Verdict(
        "contacts carry the fields of their last delivery",
        len(actual),
        tuple(f"{account}: a contact carries another first name." for account, _email in broken),
        f"{len(wrong) - len(broken)} left by a delivery that ended without being completed",
    )
