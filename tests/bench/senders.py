"""A workspace with a key and rules, and the events that a product posts there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db.models import OuterRef, Subquery

from meshes.models import Organization, Workspace
from meshes.workspaces import bump_rules_version, create_workspace
from rules.models import CONDITION_FIELDS, MappingVersion, Rule, RuleVersion
from tests.builders import make_connection, make_mapping, make_rule

EVENT = "page.completed"
PEOPLE = 500
RULES = 3
_names = count(1)


@dataclass(frozen=True, slots=True)
class Sender:
    """A workspace, and the key that opens it."""

    workspace: Workspace
    key: str


def make_sender(*, rules: int = RULES) -> Sender:
    """A key of a new workspace where so many rules match every event of `bodies`."""
    name = f"Sender {next(_names)}"
    organization = Organization.objects.live().first()
    workspace, key = create_workspace(name, organization=organization, by="bench")
    connection = make_connection(workspace=workspace)
    for number in range(rules):
        make_rule(connection=connection, event=EVENT, target_id=str(number))
    return Sender(workspace, key.key)


def headers_of(sender: Sender) -> dict[str, str]:
    """What opens the endpoint."""
    return {"X-Meshes-Publishable-Key": sender.key}


def event_of(person: int, *, event: str = EVENT) -> dict[str, Any]:
    """What a product says when this person has finished a page."""
    payload = {
        "email": f"person-{person}@example.org",
        "user_id": f"usr_{person}",
        "first_name": "Alex",
        "page_id": "page_connect-crm",
        "page_title": "Connect your CRM",
        "sequence_step": 3,
        "completed_at": "2026-03-21T15:06:00Z",
        "plan": {"name": "growth", "seats": 12},
        "source": "product",
    }
    place = {"resource": "onboarding_sequence", "resource_id": "workspace-setup"}
    return {"event": event, **place, "payload": payload}


def bodies(people: int = PEOPLE) -> list[str]:
    """An event of each person, so that lanes do not wait for each other."""
    return [json.dumps(event_of(person)) for person in range(people)]


def bulk_bodies(number: int, *, each: int = 100) -> list[str]:
    """So many requests with `each` events, of people of their own."""
    starts = range(0, number * each, each)
    return [json.dumps([event_of(start + n) for n in range(each)]) for start in starts]


def add_rules(sender: Sender, conditions: Iterable[dict[str, str]]) -> None:
    """Rules with these conditions, by few statements however many they are."""
    connection = make_connection(workspace=sender.workspace)
    mapping = make_mapping(connection)
    rules = [
        Rule(
            name=f"Rule {number}",
            workspace=sender.workspace,
            connection=connection,
            action="add_tag",
            target_id=str(number),
            **asked,
        )
        for number, asked in enumerate(conditions)
    ]
    Rule.objects.bulk_create(rules, batch_size=1000)
    now = bump_rules_version(sender.workspace.pk)
    versions = [_version(rule, mapping=mapping, now=now) for rule in rules]
    RuleVersion.objects.bulk_create(versions, batch_size=1000)
    own = RuleVersion.objects.filter(rule=OuterRef("pk")).values("pk")[:1]
    Rule.objects.filter(connection=connection).update(current=Subquery(own))


def _version(rule: Rule, *, mapping: MappingVersion, now: int) -> RuleVersion:
    said = {name: getattr(rule, name) for name in (*CONDITION_FIELDS, "name", "action")}
    return RuleVersion(
        **said,
        rule=rule,
        workspace_id=rule.workspace_id,
        connection=rule.connection,
        target_id=rule.target_id,
        mapping=mapping,
        matches=True,
        number=1,
        change=RuleVersion.Change.CREATED,
        rules_version=now,
    )
