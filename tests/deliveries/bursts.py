"""Bursts in the sandbox: many people waiting for one tag, and imports driven step by step."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.utils import timezone

from connections.models import Connection
from deliveries import imports
from deliveries.import_claiming import SPARE_S
from deliveries.models import Attempt, Delivery, Event, ImportBatch
from rules.models import Rule
from tests.builders import make_rule
from tests.deliveries.scenes import connect, due

IMPORT = "POST import/bulk_import"
INFO = "GET import/info"


def bulk_rule(sandbox: Any, tag: str = "step-3-complete", **over: Any) -> Rule:
    """A rule that adds this tag through a connection that sends bursts in bulk."""
    imports._fruitless.clear()
    connection = over.pop("connection", None) or connect(sandbox, bulk_import=True)
    tag_id = sandbox.state.add_tag(tag)
    return make_rule(connection=connection, target_id=tag_id, target_label=tag, **over)


def burst(rule: Rule, number: int = 60, **over: Any) -> list[Delivery]:
    """So many people who wait for the rule's tag: p0@x.io, p1@x.io, …"""
    pattern = due(rule, "p0@x.io", **over)
    said = pattern.event.payload
    events = [
        _like(pattern.event, email=f"p{i}@x.io", payload={**said, "email": f"p{i}@x.io"})
        for i in range(1, number)
    ]
    Event.objects.bulk_create(events)
    rows = [_like(pattern, event=event, email=event.email) for event in events]
    return [pattern, *Delivery.objects.bulk_create(rows)]


def _like(row: Any, **over: Any) -> Any:
    columns = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    del columns["id"], columns["uuid"]
    made = type(row)(**columns)
    for name, value in over.items():
        setattr(made, name, value)
    return made


def account_of(rule: Rule) -> int:
    return rule.connection.account_id


def step(rule: Rule) -> bool:
    """One step of the account's import, whatever it waits for."""
    moment = timezone.now()
    ImportBatch.objects.filter(next_look_at__gt=moment).exclude(state="abandoned").update(
        next_look_at=moment
    )
    return imports.drive(account_of(rule))


def rest_over() -> None:
    """As if the time without imports had passed."""
    ImportBatch.objects.filter(state="abandoned").update(next_look_at=None)
    imports._fruitless.clear()


def finish(rule: Rule, seconds: float = 10.0) -> ImportBatch:
    """The account's import after it has ended."""
    until = time.monotonic() + seconds
    while True:
        step(rule)
        batch = ImportBatch.objects.latest("id")
        if batch.state in ("final", "abandoned"):
            return batch
        assert time.monotonic() < until
        time.sleep(0.05)


def await_import(sandbox: Any, tag: str = "step-3-complete") -> None:
    """Returns when the sandbox has worked the import off."""
    until = time.monotonic() + 10.0
    while tag not in sandbox.state.tags_of("p7@x.io"):
        assert time.monotonic() < until
        time.sleep(0.02)


def let_pass(**span: float) -> None:
    """As if the account's import had gone on for so much longer, by the database's clock."""
    longer = timedelta(**span)
    for batch in ImportBatch.objects.all():
        for name in ("posted_at", "give_up_at"):
            setattr(batch, name, getattr(batch, name) - longer)
        batch.save()
        batch.deliveries.update(lease_until=batch.give_up_at + timedelta(seconds=SPARE_S))


def lose_worker() -> None:
    """As if the worker that has the import in hand had died a while ago."""
    ImportBatch.objects.update(lease_until=timezone.now())


def fresh(deliveries: list[Delivery]) -> list[Delivery]:
    """The rows as they are now, in the same order."""
    rows = Delivery.objects.in_bulk([delivery.pk for delivery in deliveries])
    return [rows[delivery.pk] for delivery in deliveries]


def statuses(deliveries: list[Delivery]) -> set[str]:
    return {delivery.status for delivery in fresh(deliveries)}


def connection_of(rule: Rule) -> Connection:
    return Connection.objects.get(pk=rule.connection_id)


def as_they_were(deliveries: list[Delivery]) -> bool:
    """Whether these wait as if nothing had happened, and nothing was written about them."""
    wanted = ("pending", None, None, None, 0)
    rows = fresh(deliveries)
    columns = {(d.status, d.lease_token, d.lease_until, d.batch_id, d.attempt_count) for d in rows}
    tried = Attempt.objects.filter(delivery__in=deliveries).exists()
    return columns == {wanted} and not tried
