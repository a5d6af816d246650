"""Rows for tests: each builder makes one, with sound defaults and your overrides."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import uuid4

from django.utils import timezone

from connections.activation import credentials_mark
from connections.models import Account, CatalogEntry, Connection
from deliveries.models import Attempt, Delivery, Event
from meshes.encryption import fingerprint, seal
from meshes.models import Organization, Workspace
from meshes.workspaces import bump_rules_version
from rules.mapping import generated_schema
from rules.models import CONDITION_FIELDS, MappingVersion, Rule, RuleVersion
from rules.targets import action_of

ACCOUNT_KEY = "acme.api-us1.com"
API_URL = f"https://{ACCOUNT_KEY}"
API_KEY = "canary-api-key-0123456789"
TAGS: Mapping[str, str] = {"12": "step-3-complete", "13": "step-2-complete"}
LISTS: Mapping[str, str] = {"3": "Onboarding"}
FIELDS: Mapping[str, str] = {"7": "Plan"}

_numbers = count(1)


def make_organization(**over: Any) -> Organization:
    return Organization.objects.create(**{"name": f"Organization {next(_numbers)}", **over})


def make_workspace(**over: Any) -> Workspace:
    given: dict[str, Any] = {"name": f"Workspace {next(_numbers)}", **over}
    given.setdefault("organization", Organization.objects.live().first() or make_organization())
    return Workspace.objects.create(**given)


def make_account(**over: Any) -> Account:
    given = {"kind": "activecampaign", "key": ACCOUNT_KEY, **over}
    unique = {name: given.pop(name) for name in ("kind", "key")}
    return Account.objects.update_or_create(**unique, defaults=given)[0]


def make_connection(**over: Any) -> Connection:
    """A connection whose key was accepted."""
    given: dict[str, Any] = {"name": f"Acme AC {next(_numbers)}", "metadata": {"api_url": API_URL}}
    given |= {"secrets": seal(f'{{"api_key": "{API_KEY}"}}')}
    given |= {"secret_fingerprint": fingerprint(API_KEY), **over}
    given["workspace"] = over.get("workspace") or make_workspace()
    given["account"] = over.get("account") or make_account()
    accepted = {"ok": True, "verified": credentials_mark(Connection(**given))}
    return Connection.objects.create(**{"last_check": accepted, **given})


def make_catalog(account: Account, **over: Mapping[str, str]) -> None:
    """Tags, lists and text fields by id: `make_catalog(account, tags={"12": "new"})`."""
    kinds = {"tag": over.get("tags", TAGS), "list": over.get("lists", LISTS)}
    for kind, entries in {**kinds, "field": over.get("fields", FIELDS)}.items():
        for external_id, label in entries.items():
            make_catalog_entry(account, kind=kind, external_id=external_id, label=label)


def make_catalog_entry(account: Account, **over: Any) -> CatalogEntry:
    given: dict[str, Any] = {"kind": "tag", "external_id": str(next(_numbers)), "label": "new"}
    given |= {"seen_at": timezone.now(), **over}
    given.setdefault("folded", given["label"].strip().casefold())
    given.setdefault("type", "string" if given["kind"] == "field" else "")
    unique = {name: given.pop(name) for name in ("kind", "external_id")}
    return CatalogEntry.objects.update_or_create(account=account, **unique, defaults=given)[0]


def make_mapping(connection: Connection, **over: Any) -> MappingVersion:
    """The next version of the connection's mapping."""
    version = MappingVersion.objects.filter(connection=connection).count() + 1
    given = {"schema": generated_schema(), "generated": version == 1, "version": version}
    return MappingVersion.objects.create(connection=connection, **{**given, **over})


def make_rule(**over: Any) -> Rule:
    """An active rule with its first version: on page.completed add tag 12."""
    given: dict[str, Any] = {"name": f"Rule {next(_numbers)}", "event": "page.completed", **over}
    if "connection" not in given:
        workspace = given.get("workspace") or make_workspace()
        given["connection"] = make_connection(workspace=workspace)
    given.setdefault("workspace", given["connection"].workspace)
    given = {"action": "add_tag", "target_id": "12", "target_label": "step-3-complete", **given}
    rule = Rule.objects.create(**given)
    return append_version(rule)


def append_version(rule: Rule, **over: Any) -> Rule:
    """The rule after one more version that says what its columns say now."""
    names = (*CONDITION_FIELDS, "name", "connection", "action", "target_id", "target_label")
    said = {name: getattr(rule, name) for name in (*names, "resubscribe", "restart", "held_reason")}
    mapping = MappingVersion.objects.filter(connection=rule.connection).order_by("version").last()
    said |= {"mapping": mapping or make_mapping(rule.connection), "change": "created"}
    said |= {"matches": rule.active, "number": rule.versions.count() + 1, **over}
    said["rules_version"] = bump_rules_version(rule.workspace_id)
    rule.current = RuleVersion.objects.create(rule=rule, workspace=rule.workspace, **said)
    rule.save(update_fields=["current"])
    return rule


def make_event(**over: Any) -> Event:
    """An event that its workspace's rules of now were asked about."""
    given: dict[str, Any] = {"event": "page.completed", "created_by": "publishable_key", **over}
    given.setdefault("workspace", Workspace.objects.live().first() or make_workspace())
    given["workspace"].refresh_from_db(fields=["rules_version"])
    given = {"payload": {"email": "alex@example.com"}, "email": "alex@example.com", **given}
    return Event.objects.create(**{"rules_version": given["workspace"].rules_version, **given})


def make_delivery(event: Event, rule: Rule, **over: Any) -> Delivery:
    """A waiting delivery of the event for the rule."""
    given = {"rule_version": rule.current, "connection": rule.connection, "email": event.email}
    given |= {"account": rule.connection.account, "target_id": rule.target_id}
    given |= {"is_test": event.is_test, "page_id": event.page_id, **over}
    given |= {"workspace": event.workspace, "event_name": event.event, "action": rule.action}
    action = action_of(rule.connection.kind, rule.action)
    given = {"target_kind": action.target_kind if action else "tag", **given}
    Event.objects.filter(pk=event.pk).update(total_rules=event.deliveries.count() + 1)
    return Delivery.objects.create(event=event, rule=rule, **given)


def make_attempt(delivery: Delivery, **over: Any) -> Attempt:
    """The delivery's next attempt, delivered unless you say otherwise."""
    number = delivery.attempts.count() + 1
    now = timezone.now()
    given = {"number": number, "trigger": "live", "outcome": "delivered", "counted": True}
    given |= {"rule_version": delivery.rule_version, "connection": delivery.connection}
    given |= {"lease_token": uuid4(), "started_at": now, "completed_at": now, "duration_ms": 340}
    given |= {"target_id": delivery.target_id, **over}
    Delivery.objects.filter(pk=delivery.pk).update(attempt_count=number)
    return Attempt.objects.create(delivery=delivery, **given)
