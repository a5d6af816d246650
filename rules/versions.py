"""Versions of rules: what each said between two changes, numbered and never rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from meshes.models import Workspace
from meshes.workspaces import bump_rules_version
from rules.models import CONDITION_FIELDS, MappingVersion, Rule, RuleVersion

SAID = (
    *CONDITION_FIELDS,
    "name",
    "connection_id",
    "action",
    "target_id",
    "target_label",
    "resubscribe",
    "restart",
    "held_reason",
)


@contextmanager
def changing(workspace_id: UUID) -> Iterator[None]:
    """One transaction in which nobody else changes rules of the workspace.

    Raises: Workspace.DoesNotExist.
    """
    with transaction.atomic():
        # Not the strongest lock: events that name the workspace must not wait.
        Workspace.objects.select_for_update(no_key=True).only("pk").get(pk=workspace_id)
        yield


def append_versions(
    rules: Sequence[Rule], *, change: str, mapping: MappingVersion, by: str, now: datetime
) -> None:
    """The next version of each rule as its columns say now, all of one change.

    Shape: the rules belong to the mapping's workspace; `current` is set and
    stored. Why: call it inside `changing`, with rules read in there.
    """
    workspace_id = mapping.connection.workspace_id
    rules_version = bump_rules_version(workspace_id)
    for rule in rules:
        rule.current = RuleVersion(
            rule=rule,
            workspace_id=rule.workspace_id,
            number=rule.current.number + 1 if rule.current else 1,
            rules_version=rules_version,
            change=change,
            mapping=mapping,
            matches=rule.active and rule.deleted_at is None,
            created_by=by,
            created_at=now,
            **{name: getattr(rule, name) for name in SAID},
        )
    RuleVersion.objects.bulk_create([rule.current for rule in rules if rule.current])
    _point_to(RuleVersion.objects.filter(workspace_id=workspace_id, rules_version=rules_version))


def _point_to(versions: QuerySet[RuleVersion]) -> None:
    # By number, since the index of rule and number finds each in one step.
    newest = RuleVersion.objects.filter(rule=OuterRef("pk")).order_by("-number").values("pk")[:1]
    Rule.objects.filter(pk__in=versions.values("rule")).update(current=Subquery(newest))
