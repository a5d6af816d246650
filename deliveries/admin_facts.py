"""The facts that the pages of an event and of a delivery list: who, what, where and when.

Nothing here changes a row or reads a payload.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connections import destinations
from connections.models import ContactCache
from deliveries import wording
from deliveries.admin_displays import (
    action,
    address,
    address_for,
    destination_name,
    person_address,
)
from deliveries.models import Delivery, Event, Status, Trial, Trigger
from deliveries.repaired_targets import repaired_target


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a page; `url` leads to the row that the value names."""

    label: str
    value: str
    url: str = ""


def event_facts(event: Event) -> list[Fact]:
    """Who, what and where of an event, without empty lines."""
    return _filled(
        Fact("Email", event.email, person_address(event)),
        Fact("User id", event.user_id),
        Fact("Page", event.page_title),
        Fact("Page id", event.page_id),
        Fact("Step", event.sequence_step),
        Fact("Event", event.event),
        Fact("Resource", f"{event.resource} {event.resource_id}".strip()),
        Fact("Workspace", event.workspace.name),
        Fact("Received", wording.moment(event.created_at, seconds=True)),
        Fact("Sent with", event.created_by.replace("_", " ")),
        Fact("Erased", _moment(event.erased_at)),
    )


def event_ids(event: Event) -> list[Fact]:
    """What engineers ask for."""
    return [Fact("Event id", str(event.uuid)), Fact("Rules version", str(event.rules_version))]


def delivery_facts(delivery: Delivery, *, may: Callable[[str], bool], now: datetime) -> list[Fact]:
    """Who, what, where and when of a delivery, without empty lines."""
    version, event = delivery.rule_version, delivery.event
    return _filled(
        Fact("Email", delivery.email or event.email, person_address(delivery)),
        Fact("User id", event.user_id),
        Fact("Event", event.event, address(event)),
        Fact("Rule", version.name, address_for(delivery.rule, may=may)),
        Fact("Rule's condition", wording.condition(version)),
        Fact("What it does", action(delivery)),
        Fact("After a hold", repaired_target(delivery)),
        Fact("Connection", delivery.connection.name, address_for(delivery.connection, may=may)),
        *_in_account(delivery),
        Fact("Workspace", delivery.workspace.name),
        *_test(delivery),
        *_times(delivery, now=now),
    )


def _test(delivery: Delivery) -> Iterator[Fact]:
    trial = Trial.objects.filter(event=delivery.event_id).first() if delivery.is_test else None
    if trial is not None:
        yield Fact("Test", f"sent by {trial.asked_by}", address(trial))


def _in_account(delivery: Delivery) -> Iterator[Fact]:
    """Ways to the contact and the target in the destination's own pages."""
    kind, metadata = delivery.connection.kind, delivery.connection.metadata
    if kind not in {destination.kind for destination in destinations.DESTINATIONS}:
        return
    known = ContactCache.objects.filter(account=delivery.account_id, email=delivery.email)
    contact = known.values_list("external_id", flat=True).first() if delivery.email else ""
    name = destination_name(delivery)
    for label, what, number in (
        ("Contact", "contact", contact or ""),
        (delivery.target_kind.capitalize(), delivery.target_kind, delivery.target_id),
    ):
        url = destinations.destination(kind).web_page(metadata, kind=what, external_id=number)
        yield Fact(label, f"see it in {name}" if url else "", url)


def _times(delivery: Delivery, *, now: datetime) -> Iterator[Fact]:
    over = is_over(delivery)
    ended = delivery.completed_at if over else None
    paused = delivery.account.paused_until
    none = "none" if over else "none yet"
    yield Fact("Attempts", str(delivery.attempt_count) if delivery.attempt_count else none)
    yield Fact("Received", wording.moment(delivery.created_at, seconds=True))
    if not over and not delivery.begun and delivery.asked_by:
        asked = wording.TRIGGERS[Trigger(delivery.trigger)]
        yield Fact(asked.capitalize(), f"asked for by {delivery.asked_by}, waits for its turn")
    if ended is not None:
        label = "Delivered" if delivery.status == Status.COMPLETED else "Ended"
        yield Fact(label, wording.moment(ended, seconds=True) + _how_soon(delivery, ended))
    elif delivery.held_reason:
        yield Fact("Held since", _moment(delivery.held_at))
    elif delivery.status == Status.PROCESSING and delivery.batch is not None:
        since = delivery.batch.posted_at or delivery.batch.created_at
        yield Fact("In a bulk import since", wording.moment(since, seconds=True))
    elif delivery.status != Status.PROCESSING:
        yield Fact("Next attempt", _next(delivery, now=now))
        yield Fact("Account paused until", _moment(paused) if paused and paused > now else "")


def _how_soon(delivery: Delivery, ended: datetime) -> str:
    """How long after its event it was; a replay, which is later by choice, is only named."""
    if delivery.trigger == Trigger.REPLAY:
        return ", by a replay"
    took = round((ended - delivery.created_at).total_seconds() * 1_000)
    return f", {wording.duration(max(took, 0))} after it was received"


def is_over(delivery: Delivery) -> bool:
    """Whether nothing more happens to the delivery by itself."""
    return delivery.status not in (Status.PENDING, Status.PROCESSING, Status.RETRYING)


def _next(delivery: Delivery, *, now: datetime) -> str:
    if delivery.next_attempt_at <= now:
        return "as soon as its turn comes"
    return wording.moment(delivery.next_attempt_at, seconds=True)


def delivery_ids(delivery: Delivery) -> list[Fact]:
    """What engineers ask for."""
    return _filled(
        Fact("Delivery id", str(delivery.uuid)),
        Fact("Event id", str(delivery.event.uuid)),
        Fact("Rule id", str(delivery.rule_id)),
        Fact("Connection id", str(delivery.connection_id)),
        Fact(f"{delivery.target_kind.capitalize()} id", delivery.target_id),
    )


def _moment(when: datetime | None) -> str:
    return wording.moment(when, seconds=True) if when else ""


def _filled(*facts: Fact) -> list[Fact]:
    return [fact for fact in facts if fact.value]
