"""Rules and their changes in words for people.

Pure, but that it reads the names of related rows; hand it rows that have them.
"""

from __future__ import annotations

from rules.models import Condition, Rule, RuleVersion
from rules.targets import action_of

CHANGES = {
    RuleVersion.Change.CREATED: "Created",
    RuleVersion.Change.EDITED: "Edited",
    RuleVersion.Change.ACTIVATED: "Switched on",
    RuleVersion.Change.DEACTIVATED: "Switched off",
    RuleVersion.Change.HELD: "On hold until the target is repaired",
    RuleVersion.Change.RELEASED: "No longer on hold",
    RuleVersion.Change.MAPPING: "New field mapping",
    RuleVersion.Change.DELETED: "Deleted",
}
FIELD_WORDS = {
    "name": "name",
    "event": "event",
    "resource": "resource",
    "resource_id": "resource ID",
    "page_id": "page",
    "sequence_step": "step",
    "connection": "connection",
    "action": "action",
    "target_label": "tag or list",
    "resubscribe": "subscribe again",
    "restart": "start its automation again",
}


def condition_words(rule: Condition) -> str:
    """When the rule applies: `page.completed · workspace-setup · step 3 · page_connect-crm`."""
    step = f"step {rule.sequence_step}" if rule.sequence_step else ""
    parts = (rule.event, rule.resource, rule.resource_id, step, rule.page_id)
    return " · ".join(part for part in parts if part)


def action_words(rule: Rule | RuleVersion) -> str:
    """What the rule does: `add tag step-3-complete in Acme AC`."""
    action = action_of(rule.connection.kind, rule.action)
    done = action.label.lower() if action else rule.action.replace("_", " ")
    target = rule.target_label or rule.target_id
    again = ", starting its automation again" if rule.restart else ""
    parts = (done, target, f"in {rule.connection.name}")
    return " ".join(part for part in parts if part) + again


def change_words(version: RuleVersion, before: RuleVersion | None) -> str:
    """What the version changed, compared with the one before."""
    word = CHANGES.get(RuleVersion.Change(version.change), version.change)
    if version.change == RuleVersion.Change.MAPPING:
        return f"{word}, version {version.mapping.version}"
    if before is None or version.change != RuleVersion.Change.EDITED:
        return word
    return f"{word}: {'; '.join(differences(before, version)) or 'the same in words'}"


def differences(before: RuleVersion, after: RuleVersion) -> list[str]:
    """What the later one says differently, each as `name “old” → “new”`."""
    told = [
        f"{word} {_shown(getattr(before, name))} → {_shown(getattr(after, name))}"
        for name, word in FIELD_WORDS.items()
        if getattr(before, name) != getattr(after, name)
    ]
    if before.matches != after.matches:
        told.append("switched on" if after.matches else "switched off")
    return told


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"“{value}”" if str(value) else "any"
