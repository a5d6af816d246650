"""Leaves a database as the first tables held it, in the middle of work; run as a program.

    python -m tests.deploy.first_release ADDRESS KEY TAG

Only tables and columns of the first migrations are used, by the models of that time.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import django

FIRST = [("deliveries", "0001_initial")]


def main(url: str, key: str, tag: str) -> None:
    """Make the first tables, and fill them: done, waiting, in hand of a worker that died."""
    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    executor.migrate(FIRST)
    models = executor.loader.project_state(FIRST).apps
    rule = make_rule(models, url, key, tag)
    make_delivery(models, rule, "done@example.com", status="completed")
    make_delivery(models, rule, "waiting@example.com", status="pending")
    make_delivery(models, rule, "retrying@example.com", status="retrying")
    make_delivery(models, rule, "in-hand@example.com", status="processing")


def make_rule(models: Any, url: str, key: str, tag: str) -> Any:
    """A rule for every completed page, with all that it hangs on."""
    from django.utils import timezone

    from meshes.encryption import fingerprint, seal

    organization = models.get_model("meshes.Organization").objects.create(name="Acme")
    workspace = models.get_model("meshes.Workspace").objects.create(
        organization=organization, name="Production"
    )
    account = models.get_model("connections.Account").objects.create(
        kind="activecampaign", key=urlsplit(url).netloc, requests_per_second=50.0
    )
    connection = models.get_model("connections.Connection").objects.create(
        workspace=workspace,
        name="Acme AC",
        account=account,
        metadata={"api_url": url},
        secrets=seal(json.dumps({"api_key": key})),
        secret_fingerprint=fingerprint(key),
    )
    said = {"event": "page.completed", "name": "Step 3", "connection": connection}
    said |= {"action": "add_tag", "target_id": tag, "target_label": "step-3-complete"}
    rule = models.get_model("rules.Rule").objects.create(workspace=workspace, **said)
    mapping = models.get_model("rules.MappingVersion").objects.create(
        connection=connection, version=1, generated=True, schema=first_schema()
    )
    rule.current = models.get_model("rules.RuleVersion").objects.create(
        rule=rule,
        workspace=workspace,
        number=1,
        rules_version=1,
        change="created",
        mapping=mapping,
        matches=True,
        created_at=timezone.now(),
        **said,
    )
    rule.save()
    return rule


def first_schema() -> dict[str, Any]:
    source = {"type": "path", "value": "email"}
    return {"schema_version": 1, "fields": [{"dest": "email", "source": source}]}


def make_delivery(models: Any, rule: Any, email: str, *, status: str) -> None:
    """An event of this person and its delivery in this state, with the attempts that it had."""
    from django.utils import timezone

    now = timezone.now()
    event = models.get_model("deliveries.Event").objects.create(
        workspace=rule.workspace,
        event="page.completed",
        payload={"email": email},
        email=email,
        rules_version=1,
        total_rules=1,
        created_by="publishable_key",
    )
    given = {"rule_version": rule.current, "connection": rule.connection, "status": status}
    given |= {"account": rule.connection.account, "workspace": rule.workspace, "rule": rule}
    given |= {"event_name": "page.completed", "action": "add_tag", "target_kind": "tag"}
    given |= {"created_at": event.created_at}  # by which they are known to belong together
    row = models.get_model("deliveries.Delivery")(
        event=event, email=email, target_id=rule.target_id, **given
    )
    outcome = {"completed": "delivered", "retrying": "timeout", "processing": ""}.get(status)
    row.attempt_count = row.tries = 0 if outcome is None else 1
    if status == "processing":
        row.lease_token, row.lease_until = uuid4(), now - timedelta(minutes=2)
    row.save()
    if outcome is None:
        return
    attempt = models.get_model("deliveries.Attempt").objects.create(
        delivery=row,
        number=1,
        trigger="live",
        outcome=outcome,
        counted=bool(outcome),
        connection=rule.connection,
        rule_version=rule.current,
        target_id=rule.target_id,
        lease_token=row.lease_token or uuid4(),
        started_at=now - timedelta(minutes=3),
        completed_at=now if outcome else None,
        duration_ms=30 if outcome else None,
    )
    if status == "completed":
        row.applied_id, row.completed_at, row.last_outcome = attempt.pk, now, outcome
        row.save()


if __name__ == "__main__":
    main(*sys.argv[1:])
