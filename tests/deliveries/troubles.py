"""Troubles for tests of alerts: refused keys, held rules, deliveries that failed."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from connections.models import Connection
from deliveries import alerts
from deliveries.models import Delivery
from meshes.models import AlertContact, Workspace
from rules.models import Rule
from rules.saving import hold_rule
from tests.builders import make_connection, make_delivery, make_event, make_rule

CANARY = "canary.person@northstar.io"
CONTACT = "ops@example.com"

_people = count(1)


def contact(workspace: Workspace, email: str = CONTACT) -> AlertContact:
    """Somebody who wants to hear of the workspace's troubles."""
    return AlertContact.objects.create(workspace=workspace, email=email)


def refused(connection: Connection | None = None) -> Connection:
    """A connection that is off because its key is refused."""
    row = connection or make_connection(name="Acme AC")
    switched = {"active": False, "inactive_reason": "authentication_invalid"}
    Connection.objects.filter(pk=row.pk).update(**switched)
    row.refresh_from_db()
    return row


def accepted(connection: Connection) -> None:
    """The connection works again."""
    Connection.objects.filter(pk=connection.pk).update(active=True, inactive_reason="")


def held(**over: Any) -> Rule:
    """A rule whose tag is gone."""
    return hold_rule(make_rule(**over), reason="tag_not_found", by="system", now=timezone.now())


def failed(rule: Rule, times: int, **over: Any) -> list[Delivery]:
    """Deliveries of the rule that have failed for good just now, about a canary."""
    given = {"status": "failed", "reason": "request_refused", "completed_at": timezone.now()}
    payload = {"email": CANARY, "note": CANARY}
    people = (f"{next(_people)}.{CANARY}" for _ in range(times))
    return [
        make_delivery(
            make_event(workspace=rule.workspace, email=email, payload=payload),
            rule,
            **{**given, "last_error": "Said no.", **over},
        )
        for email in people
    ]


def minutes(number: int, *, start: datetime | None = None) -> datetime:
    """As if that many minutes had passed, each with a look."""
    moment = start or timezone.now()
    for _ in range(number):
        alerts.look(moment)
        moment += timedelta(minutes=1)
    return moment
