"""Verbs on rules; each is one transaction, and each change that counts appends a version.

The only code path to a rule's columns: the admin and the API both come here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from connections.models import Connection
from rules.drafts import RuleDraft, checked, target_label
from rules.errors import RuleExists, RuleGone, WorkspaceFixed
from rules.mapping_versions import ensure_mapping
from rules.models import CONDITION_FIELDS, IDENTITY_FIELDS, Rule, RuleVersion
from rules.versions import append_versions, changing

Change = RuleVersion.Change
DECIDED = (
    *CONDITION_FIELDS,
    "name",
    "connection_id",
    "action",
    "target_id",
    "resubscribe",
    "restart",
    "active",
    "hidden",
)
TARGET = ("connection_id", "action", "target_id")


def save_rule(rule: Rule | None, *, draft: RuleDraft, by: str, now: datetime) -> Rule:
    """The rule as the draft wants it: a new one, or the given one edited.

    Shape: an edit that changes nothing appends no version; one of an active
    rule ends a hold, since its target was found.
    Raises: one of `rules.errors`, and then nothing is changed.
    """
    with changing(draft.workspace.pk):
        connection = Connection.objects.select_related("account").get(pk=draft.connection.pk)
        draft = checked(replace(draft, connection=connection))
        stored = _fresh(rule.pk) if rule else Rule(workspace=draft.workspace, created_by=by)
        if stored.workspace_id != draft.workspace.pk:
            raise WorkspaceFixed(
                "A rule stays in its workspace. Create a new rule there.", field="connection"
            )
        change = _apply(draft, stored)
        if change:
            _store(stored, change=change, by=by, now=now)
        return stored


def set_active(rule: Rule, *, active: bool, by: str, now: datetime) -> Rule:
    """The rule switched on or off; nothing happens when it is so already.

    Raises: RuleGone; when switching on also what saving it would raise.
    """
    with changing(rule.workspace_id):
        stored = _fresh(rule.pk)
        if stored.active == active:
            return stored
        stored.active = active
        if active:
            stored.target_label = target_label(checked(draft_of(stored)))
            stored.held_reason = ""
        change = Change.ACTIVATED if active else Change.DEACTIVATED
        _store(stored, change=change, by=by, now=now)
        return stored


def delete_rule(rule: Rule, *, by: str, now: datetime) -> Rule:
    """The rule marked as deleted; its versions and deliveries stay.

    Raises: RuleGone.
    """
    with changing(rule.workspace_id):
        stored = _fresh(rule.pk)
        stored.deleted_at = now
        _store(stored, change=Change.DELETED, by=by, now=now)
        return stored


def delete_rules_of(connection: Connection, *, by: str, now: datetime) -> int:
    """How many rules of the connection were marked as deleted, all by one change."""
    with changing(connection.workspace_id):
        rules = list(Rule.objects.live().filter(connection=connection).select_related("current"))
        for rule in rules:
            rule.deleted_at = now
            rule.save()
        if rules:
            mapping = ensure_mapping(connection, by=by, now=now)
            append_versions(rules, change=Change.DELETED, mapping=mapping, by=by, now=now)
        return len(rules)


def hold_rule(rule: Rule, *, reason: str, by: str, now: datetime) -> Rule:
    """The rule waiting for a person to repair its target.

    Shape: unchanged when its target is no longer the one that `rule` names.
    Raises: RuleGone.
    """
    return _set_held(rule, reason=reason, by=by, now=now)


def release_rule(rule: Rule, *, by: str, now: datetime) -> Rule:
    """The rule no longer waiting for a person.

    Raises: RuleGone.
    """
    return _set_held(rule, reason="", by=by, now=now)


def draft_of(rule: Rule) -> RuleDraft:
    """The rule as a draft that changes nothing."""
    decided = {name: getattr(rule, name) for name in DECIDED if name != "connection_id"}
    return RuleDraft(workspace=rule.workspace, connection=rule.connection, **decided)


def _set_held(rule: Rule, *, reason: str, by: str, now: datetime) -> Rule:
    with changing(rule.workspace_id):
        stored = _fresh(rule.pk)
        same = all(getattr(stored, name) == getattr(rule, name) for name in TARGET)
        if stored.held_reason != reason and (same or not reason):
            stored.held_reason = reason
            change = Change.HELD if reason else Change.RELEASED
            _store(stored, change=change, by=by, now=now)
        return stored


def _fresh(rule_id: UUID) -> Rule:
    related = ("workspace", "connection__account", "current")
    rules = Rule.objects.live().select_related(*related)
    stored: Rule | None = rules.filter(pk=rule_id).first()
    if stored is None:
        raise RuleGone("This rule was deleted in the meantime.")
    return stored


def _apply(draft: RuleDraft, rule: Rule) -> str:
    """What kind of change the draft is; its values are in the rule's columns after."""
    wanted = {name: getattr(draft, name) for name in DECIDED if name != "connection_id"}
    wanted["connection_id"] = draft.connection.pk
    changed = {name for name, value in wanted.items() if getattr(rule, name) != value}
    held = bool(rule.held_reason)
    if draft.active or rule.current is None or changed.intersection(TARGET):
        label = target_label(draft)
        if label != rule.target_label:
            changed.add("target_label")
        rule.target_label, rule.held_reason = label, ""
    rule.connection = draft.connection
    if draft.metadata is not None and draft.metadata != rule.metadata:
        changed.add("metadata")
        rule.metadata = dict(draft.metadata)
    for name in changed - {"target_label", "connection_id", "metadata"}:
        setattr(rule, name, wanted[name])
    return _change_word(rule, changed, released=held and not rule.held_reason)


def _change_word(rule: Rule, changed: set[str], *, released: bool) -> str:
    if rule.current is None:
        return Change.CREATED
    if changed == {"active"}:
        return Change.ACTIVATED if rule.active else Change.DEACTIVATED
    if changed:
        return Change.EDITED
    return Change.RELEASED if released else ""


def _store(rule: Rule, *, change: str, by: str, now: datetime) -> None:
    mapping = ensure_mapping(rule.connection, by=by, now=now)
    with _twin_named(rule):
        rule.save()
    append_versions([rule], change=change, mapping=mapping, by=by, now=now)


@contextmanager
def _twin_named(rule: Rule) -> Iterator[None]:
    """Refuses in words what the database refuses.

    Why: the constraint alone decides, so that no race passes it.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        same = {name: getattr(rule, name) for name in IDENTITY_FIELDS}
        twin = Rule.objects.enabled().filter(**same).exclude(pk=rule.pk).first()
        if twin is None:
            raise
        raise RuleExists(
            f"The active rule “{twin.name}” does the same already. Change one of the two."
        ) from None
