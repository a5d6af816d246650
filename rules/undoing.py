"""Undoing edits of a rule: a new edit that says again what an earlier version said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rules.drafts import RuleDraft
from rules.errors import VersionUnknown
from rules.models import CONDITION_FIELDS, Rule, RuleVersion
from rules.saving import draft_of, save_rule

RESTORED = (
    *CONDITION_FIELDS,
    "name",
    "action",
    "target_id",
    "resubscribe",
    "restart",
    "connection",
)


def go_back(rule: Rule, *, number: int, by: str, now: datetime) -> Rule:
    """The rule as its version of this number said, stored as a new version.

    Shape: nothing is appended when it says the same already.
    Raises: VersionUnknown, and what saving a rule raises; then nothing is changed.
    """
    return save_rule(rule, draft=draft_as_of(rule, version_of(rule, number)), by=by, now=now)


def version_of(rule: Rule, number: int) -> RuleVersion:
    """The rule's version of this number.

    Raises: VersionUnknown.
    """
    found = rule.versions.select_related("connection", "mapping").filter(number=number).first()
    if found is None:
        raise VersionUnknown("The rule has no such version. Choose one from its history.")
    return found


def draft_as_of(rule: Rule, version: RuleVersion) -> RuleDraft:
    """The draft that brings back what the version said; the mapping stays today's."""
    said = {name: getattr(version, name) for name in RESTORED}
    return replace(draft_of(rule), **said, active=version.matches)
