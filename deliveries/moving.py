"""Where a delivery goes when it is replayed with its rule as it is now, and what differs.

Pure but for what the rows already carry: the rule's current version with its
connection and mapping, and the event's payload.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deliveries import wording
from deliveries.calling_off import remembered
from deliveries.models import Delivery
from rules.mapping import email_of
from rules.models import RuleVersion
from rules.targets import action_of

LANE = ("account_id", "email", "target_kind", "target_id")


@dataclass(frozen=True, slots=True)
class Difference:
    """What a replay with the rule as it is now would do otherwise than before."""

    what: str
    was: str
    now: str


def columns_of(version: RuleVersion) -> dict[str, Any]:
    """What a delivery copies from the version of its rule.

    Shape: names of columns; the version's connection must be loaded.
    """
    action = action_of(version.connection.kind, version.action)
    return {
        "rule_version_id": version.pk,
        "connection_id": version.connection_id,
        "account_id": version.connection.account_id,
        "action": version.action,
        "target_kind": action.target_kind if action else "contact",
        "target_id": version.target_id,
    }


def as_it_is_now(delivery: Delivery) -> dict[str, Any] | None:
    """The columns that change, empty when none does; None when no email can be made.

    Why: what was applied to the old target says nothing of the new one, so
    the order of application goes with it.
    """
    version = delivery.rule.current
    email = email_of(version.mapping.schema, delivery.event.payload) if version else ""
    if version is None or not email:
        return None
    wanted = {**columns_of(version), "email": email}
    moved = {name: value for name, value in wanted.items() if getattr(delivery, name) != value}
    if not moved:
        return {}
    if set(LANE) & set(moved):
        moved["applied_id"] = None
    return {**moved, "progress": remembered(delivery)}


def differences(delivery: Delivery) -> list[Difference]:
    """What the rule as it is now would do otherwise, in the order of a rule's form.

    Shape: empty when nothing differs; of the email only whether it does.
    """
    now = delivery.rule.current
    if now is None:
        return []
    found = list(differences_of(delivery.rule_version, now))
    email = email_of(now.mapping.schema, delivery.event.payload)
    if email != delivery.email:
        was = "the address of this delivery" if delivery.email else "no valid address"
        found.append(Difference("Email", was, "another address" if email else "no valid address"))
    return found


def differences_of(was: RuleVersion, now: RuleVersion) -> Iterator[Difference]:
    """What two versions of a rule say differently, as far as a replay cares."""
    pairs = (
        ("Rule's name", was.name, now.name),
        ("Connection", was.connection.name, now.connection.name),
        ("What it does", *_actions(was, now)),
        ("Field mapping", _mapping(was), _mapping(now)),
        ("Subscribe again", _yes(was.resubscribe), _yes(now.resubscribe)),
        ("Start its automation again", _yes(was.restart), _yes(now.restart)),
    )
    for what, before, after in pairs:
        if before != after:
            yield Difference(what, before, after)


def _actions(was: RuleVersion, now: RuleVersion) -> tuple[str, str]:
    """What both do; with the target's number where only that tells them apart."""
    before, after = _action(was), _action(now)
    if before == after and was.target_id != now.target_id:
        return f"{before} (number {was.target_id})", f"{after} (number {now.target_id})"
    return before, after


def _action(version: RuleVersion) -> str:
    declared = action_of(version.connection.kind, version.action)
    target = wording.target_name(version.target_label, version.target_id)
    return wording.action(declared, key=version.action, target=target)


def _mapping(version: RuleVersion) -> str:
    return f"{version.mapping.name}, version {version.mapping.version}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
