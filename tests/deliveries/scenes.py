"""Accounts in the sandbox with rules and due deliveries, and sending them here and now."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from connections import pace
from connections.models import Account, Connection
from deliveries.claiming import claim
from deliveries.models import Delivery
from deliveries.sending import send
from meshes.encryption import seal
from rules.models import Rule
from tests.builders import make_account, make_connection, make_delivery, make_event, make_rule

EMAIL = "alex@northstar.io"


def connect(sandbox: Any, account: Any = None, **over: Any) -> Connection:
    """A connection to an account of the sandbox; its pace hinders no test unless you say so."""
    own = account or sandbox.default
    url, key = sandbox.url_of(own), over.pop("api_key", own.key)
    pace = {"requests_per_second": over.pop("requests_per_second", 1000.0)}
    given = {"account": make_account(key=f"{urlsplit(url).netloc} {own.name}", **pace)}
    given |= {"metadata": {"api_url": url}, "secrets": seal(json.dumps({"api_key": key}))}
    return make_connection(**{**given, **over})


def tag_rule(sandbox: Any, tag: str = "step-3-complete", **over: Any) -> Rule:
    """A rule that adds this tag in the sandbox's default account."""
    over.setdefault("connection", None)
    over["connection"] = over["connection"] or connect(sandbox)
    return make_rule(target_id=sandbox.state.add_tag(tag), target_label=tag, **over)


def due(rule: Rule, email: str = EMAIL, **over: Any) -> Delivery:
    """A delivery of an event of its own, due now."""
    payload = {"email": email, **over.pop("payload", {})}
    event = make_event(workspace=rule.workspace, email=email, payload=payload)
    return make_delivery(event, rule, **over)


def send_one(delivery: Delivery) -> Delivery:
    """The delivery after the next one of its account was sent."""
    held = claim(delivery.account_id)
    assert held is not None
    send(held)
    delivery.refresh_from_db()
    return delivery


def send_all(*deliveries: Delivery) -> None:
    """Send what is due for the account of these deliveries, one after another."""
    while held := claim(deliveries[0].account_id):
        send(held)
    for delivery in deliveries:
        delivery.refresh_from_db()


def hurry(delivery: Delivery) -> Delivery:
    """The delivery due now, whatever it waited for."""
    Account.objects.filter(pk=delivery.account_id).update(paused_until=None)
    pace._paused_here.pop(delivery.account_id, None)
    moment = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=moment)
    return delivery


def let_lease_run_out(delivery: Delivery) -> None:
    """As if the worker that has the delivery in hand had died a while ago."""
    moment = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=moment)


def calls(sandbox: Any) -> list[str]:
    """What reached the sandbox: method and path, in order."""
    return [f"{r.method} {r.path.removeprefix('/api/3/')}" for r in sandbox.state.requests]
