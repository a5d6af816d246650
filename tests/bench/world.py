"""Accounts in the sandboxes, with rules, people and due deliveries, for one measurement."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import ProgrammingError, connection
from django.utils import timezone

from connections.models import Account, ContactCache
from deliveries.models import UNFINISHED, Delivery, Event
from meshes.encryption import seal
from meshes.models import Workspace
from rules.models import Rule
from rules.targets import action_of
from tests.bench.sandboxes import Place, Sandboxes
from tests.builders import make_account, make_connection, make_rule, make_workspace

LATER = timedelta(hours=1)
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Site:
    """One account of a sandbox with a rule that adds a tag there, and its people."""

    place: Place
    account: Account
    rule: Rule
    emails: list[str]


def emails_of(place: Place, people: int, *, group: str = "known") -> list[str]:
    """Addresses that belong to nobody."""
    return [f"{group}-{number}@{place.name}.example.org" for number in range(people)]


def make_site(sandboxes: Sandboxes, place: Place, *, people: int, workspace: Workspace) -> Site:
    """The account with people that we know already, so that a tag costs one call."""
    account = make_account(key=place.name)
    own = make_connection(
        workspace=workspace,
        account=account,
        name=place.name,
        metadata={"api_url": place.url},
        secrets=seal(json.dumps({"api_key": place.key})),
    )
    tag = sandboxes.ask(place.name, "add_tag", "finished")
    event = f"finished.{place.name}"
    rule = make_rule(connection=own, event=event, target_id=tag, target_label="finished")
    ids = sandboxes.ask(place.name, "people", emails_of(place, people))
    remember(account, ids)
    return Site(place, account, rule, list(ids))


def remember(account: Account, ids: dict[str, str]) -> None:
    """Make these contacts known to us."""
    now = timezone.now()
    rows = [
        ContactCache(account=account, email=email, external_id=contact, updated_at=now)
        for email, contact in ids.items()
    ]
    ContactCache.objects.bulk_create(rows, batch_size=BATCH)


@contextmanager
def sites(accounts: int, *, people: int, **settings: Any) -> Iterator[tuple[Sandboxes, list[Site]]]:
    """Running sandboxes, and a site for each of their accounts; all rows go afterwards."""
    with Sandboxes(accounts, **settings) as sandboxes:
        workspace = make_workspace()
        made = [
            make_site(sandboxes, place, people=people, workspace=workspace)
            for place in sandboxes.places
        ]
        try:
            yield sandboxes, made
        finally:
            forget_everything()


def forget_everything() -> None:
    """Empty the tables of our rooms, so that the next case starts like the first."""
    rooms = [apps.get_app_config(name) for name in ("connections", "rules", "deliveries")]
    tables = [model._meta.db_table for room in rooms for model in room.get_models()]
    statements = connection.ops.sql_flush(no_style(), tables)
    connection.ops.execute_sql_flush(statements)


def load(rule: Rule, emails: Sequence[str]) -> None:
    """One delivery of an event of its own for each person, not due yet."""
    events = [_event(rule, email) for email in emails]
    events = Event.objects.bulk_create(events, batch_size=BATCH)
    rows = [_delivery(rule, event) for event in events]
    Delivery.objects.bulk_create(rows, batch_size=BATCH)


def let_go(*, in_s: float = 1.0) -> datetime:
    """When all that is loaded becomes due: in a moment, all at once."""
    read_statistics()
    due = timezone.now() + timedelta(seconds=in_s)
    Delivery.objects.filter(UNFINISHED, next_attempt_at__gt=due).update(next_attempt_at=due)
    return due


def read_statistics() -> None:
    """Let the planner know the tables, as on a server that has run for a while.

    Why: only PostgreSQL does so by itself. What was just filled in must also be
    on the disk, or writing it competes with what is measured.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
            with suppress(ProgrammingError):  # not everybody may
                cursor.execute("CHECKPOINT")


def wait_until_done(*, within_s: float) -> bool:
    """Whether nothing waits any more, within the time."""
    until = time.monotonic() + within_s
    while Delivery.objects.filter(UNFINISHED).exists():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


def _event(rule: Rule, email: str) -> Event:
    return Event(
        workspace_id=rule.workspace_id,
        event=rule.event,
        payload={"email": email},
        email=email,
        rules_version=rule.current.rules_version,
        total_rules=1,
        created_by="publishable_key",
    )


def _target_kind(rule: Rule) -> str:
    action = action_of(rule.connection.kind, rule.action)
    return action.target_kind if action else "tag"


def _delivery(rule: Rule, event: Event) -> Delivery:
    return Delivery(
        workspace_id=rule.workspace_id,
        event=event,
        event_name=rule.event,
        rule=rule,
        rule_version=rule.current,
        connection=rule.connection,
        account_id=rule.connection.account_id,
        action=rule.action,
        target_kind=_target_kind(rule),
        target_id=rule.target_id,
        email=event.email,
        next_attempt_at=timezone.now() + LATER,
    )
