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


def follow(account_id: int, *, kind: str, external_id: str, now: datetime) -> list[Rule]:
    """The rules, as they were, that go on with the new id of a target made anew.

    Shape: `external_id` is the old one. Rules that are off or held stay as they
    are, and so do those that would then be the same as another.
    """
    rules = Rule.objects.enabled().filter(held_reason="", target_id=external_id)
    found = _with_related(rules.filter(connection__account_id=account_id))
    alike = [rule for rule in found[:AT_ONCE] if _kind(rule) == kind]
    return [rule for rule in alike if _release(rule, now=now)]


def _held() -> QuerySet[Rule]:
    return _with_related(Rule.objects.enabled().exclude(held_reason=""))


def _with_related(rules: QuerySet[Rule]) -> QuerySet[Rule]:
    return rules.select_related("workspace", "connection__account").order_by("created_at", "pk")


def _kind(rule: Rule) -> str:
    action = action_of(rule.connection.kind, rule.action)
    return action.target_kind if action else ""


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
    kind = _kind(rule)
    if not kind:
        return None
    same = target_by_id(rule.connection, kind=kind, external_id=rule.target_id)
    if same is not None or not rule.target_label:
        return same
    named = target_named(rule.connection, kind=kind, text=rule.target_label)
    return named if named is not None and named.label == rule.target_label else None
