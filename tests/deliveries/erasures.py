"""A person all over the database, their erasure here and now, and a look into every column."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from django.utils import timezone

from connections.models import ContactCache
from deliveries import erasing
from deliveries.models import BackgroundJob, Delivery, Erasure, Event
from meshes.models import Workspace
from rules.models import Rule
from tests.builders import make_attempt, make_delivery, make_event
from tests.database_dump import values
from tests.deliveries.pages import EXCHANGE
from tests.deliveries.senders import give_rules

EMAIL = "canary.alex+1@canary-mail.io"
CANARY = "canary-in-the-payload"
CANARIES = ("canary.alex", "canary-mail", CANARY, "canary-user", "Canary page")
PAYLOAD = {
    "email": "Canary.Alex+1@Canary-Mail.io",
    "note": CANARY,
    "user_id": "canary-user",
    "page_title": "Canary page",
}


def ask(email: str = EMAIL, workspace: Workspace | None = None) -> Erasure:
    """An erasure that somebody asked for."""
    return erasing.ask(email, workspace=workspace, by="kim", now=timezone.now())


def go_on(seconds: float = 20.0) -> int:
    """How many events were blanked when the erasures had so much time."""
    return erasing.go_on(timezone.now(), until=time.monotonic() + seconds)


def erase(email: str = EMAIL, workspace: Workspace | None = None) -> Erasure:
    """An erasure that was asked for and went on once."""
    asked = ask(email, workspace)
    go_on()
    asked.refresh_from_db()
    return asked


def event_of(rule: Rule, email: str = EMAIL, **over: Any) -> Event:
    """An event of this person."""
    given = {"payload": {**PAYLOAD, "email": email}, "user_id": "canary-user", **over}
    return make_event(workspace=rule.workspace, email=email, **given)


def delivered(rule: Rule, email: str = EMAIL, **over: Any) -> Delivery:
    """A delivery to this person that failed once and was delivered then."""
    over.setdefault("status", "completed")
    delivery = make_delivery(event_of(rule, email), rule, **over)
    told = {**EXCHANGE, "response_body": f"{email} {CANARY}"}
    make_attempt(delivery, outcome="timeout", exchanges=[told])
    done = make_attempt(delivery, trigger="retry", exchanges=[told])
    applied = done.pk if over["status"] == "completed" else None
    Delivery.objects.filter(pk=delivery.pk).update(applied_id=applied)
    return delivery


def spread(api: Any) -> list[Rule]:
    """The person in every table that can hold a part of them."""
    rules = give_rules(api.workspace, 3)
    body = {"event": "page.completed", "payload": {**PAYLOAD, "page_id": "crm"}}
    assert api.emit(body, Idempotency_Key=f"signup-{EMAIL}").status_code == 201
    assert api.emit(body, Idempotency_Key="order-1").status_code == 201
    delivered(rules[0])
    make_delivery(event_of(rules[1]), rules[1], held_reason="tag_not_found")
    said = {"to": [{"who": f"Alex <{EMAIL.upper()}>, please"}], "note": CANARY}
    other = make_event(workspace=api.workspace, email="kim@example.com", payload=said)
    make_delivery(other, rules[2], status="failed", reason="timeout")
    account = rules[0].connection.account
    ContactCache.objects.create(
        account=account, email=EMAIL, external_id="7", updated_at=timezone.now()
    )
    given = {"kind": "replay", "workspace": api.workspace, "asked_by": "kim", "last_id": 1}
    BackgroundJob.objects.create(**given, selection={"email": EMAIL, "status": "failed"})
    return rules


def in_flight(delivery: Delivery) -> None:
    """As if a worker had it in hand."""
    leased = {"lease_token": uuid4(), "lease_until": timezone.now()}
    Delivery.objects.filter(pk=delivery.pk).update(status="processing", **leased)


def places_of(words: tuple[str, ...]) -> set[str]:
    """The tables and columns that hold one of the words, in the whole database."""
    lowered = [word.lower() for word in words]
    return {place for place, text in values() if any(word in text.lower() for word in lowered)}
