"""Ending the hold of rules whose tag or list the account holds again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import QuerySet

from connections.models import CatalogEntry
from rules.errors import Refused
from rules.models import Rule
from rules.saving import draft_of, release_rule, save_rule
from rules.targets import action_of, target_by_id, target_named

AT_ONCE = 500

log = structlog.get_logger(__name__)


def release_returned(*, now: datetime) -> int:
    """How many rules go on because the last reading of the account found their target.

    Shape: one that was made anew under the same name is taken for the old
    one, with its new id. Rules that are off stay held.
    """
    return sum(_release(rule, now=now) for rule in _held()[:AT_ONCE])


def release_one(rule_id: UUID, *, now: datetime) -> bool:
    """Whether this rule goes on, because its target is known to be there again."""
    rule = _held().filter(pk=rule_id).first()
    return rule is not None and _release(rule, now=now)


def _held() -> QuerySet[Rule]:
    held = Rule.objects.enabled().exclude(held_reason="")
    return held.select_related("workspace", "connection__account").order_by("created_at", "pk")


def _release(rule: Rule, *, now: datetime) -> bool:
    found = _target(rule)
    if found is None:
        return False
    try:
        if found.external_id == rule.target_id:
            release_rule(rule, by="system", now=now)
        else:
            draft = replace(draft_of(rule), target_id=found.external_id)
            save_rule(rule, draft=draft, by="system", now=now)
    except Refused as error:
        log.info("rule_not_released", rule_id=str(rule.pk), error=type(error).__name__)
        return False
    log.info("rule_released", rule_id=str(rule.pk))
    return True


def _target(rule: Rule) -> CatalogEntry | None:
    action = action_of(rule.connection.kind, rule.action)
    if action is None:
        return None
    kind = action.target_kind
    same = target_by_id(rule.connection, kind=kind, external_id=rule.target_id)
    if same is not None or not rule.target_label:
        return same
    named = target_named(rule.connection, kind=kind, text=rule.target_label)
    return named if named is not None and named.label == rule.target_label else None
