"""What the pages of events and deliveries show, prepared as plain values.

Nothing here changes a row, and only `payload_text` reads a payload.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Case, CharField, F, Model, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Substr
from django.urls import reverse

from connections import destinations
from deliveries import finding, wording
from deliveries.finding import Finding
from deliveries.models import Delivery, Event, Found, Status
from deliveries.reasons import BY_ITSELF, Reason, explained
from rules.models import RuleVersion
from rules.targets import action_of

SENT_LENGTH = 60
TONES = {
    "delivered": "good",
    "failed": "bad",
    "held": "held",
    "canceled": "off",
    "will try again": "wait",
    "sending now": "busy",
    "waiting": "busy",
}
UNEXPLAINED = Reason(
    "Nobody has described this cause yet.",
    "The operator of Meshes finds out more.",
    "Read the attempts below and show them to the operator of Meshes.",
)

RELATED_TO_LINES = ("connection", "rule_version")
COLUMNS_OF_LINES = (
    *("id", "event_id", "status", "held_reason", "reason", "next_attempt_at", "action"),
    *("target_id", "connection__kind", "connection__name"),
    *("rule_version__name", "rule_version__target_label"),
)
"""What a line says of a delivery. Lists read no other columns: most of their time in the
database went into those that nobody sees."""

BY_PERSON = "canceled_by_person"
GIVEN_UP = "Meshes has stopped trying, so a person decides."


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery on the page of its event."""

    rule: str
    action: str
    connection: str
    status: str
    tone: str
    url: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a delivery is where it is; `detail` helps where the reason is unknown."""

    reason: Reason
    detail: str


def sent_completed_at(prefix: str = "") -> Case:
    """The payload's text of completed_at, read only where it could not be understood."""
    text = Substr(KeyTextTransform("completed_at", F(f"{prefix}payload")), 1, SENT_LENGTH)
    unread = When(**{f"{prefix}completed_at__isnull": True}, then=Coalesce(text, Value("")))
    return Case(unread, default=Value(""), output_field=CharField())


def payload_text(event: Event) -> str:
    """The payload as JSON for people."""
    return json.dumps(event.payload, indent=2, ensure_ascii=False)


def person(row: Event) -> str:
    """Whom the event is about."""
    return row.email or row.user_id or ("erased" if row.erased_at else "unknown person")


def person_address(row: Event | Delivery) -> str:
    """The page of the person that an event or a delivery is about, by its id; '' for nobody.

    Why: the email stands in no address, so that no log of addresses holds it.
    """
    event = row.event if isinstance(row, Delivery) else row
    if not (row.email or event.email or event.user_id):
        return ""
    return reverse(f"admin:deliveries_{row._meta.model_name}_person", args=[row.pk])


def lines(deliveries: Iterable[Delivery], *, now: datetime) -> Iterator[Line]:
    """One line per delivery of an event."""
    for delivery in deliveries:
        yield Line(
            rule=delivery.rule_version.name,
            action=action(delivery),
            connection=delivery.connection.name,
            status=status(delivery, now=now),
            tone=tone(delivery),
            url=address(delivery),
        )


def cause(delivery: Delivery) -> Cause | None:
    """Why the delivery is held, waits for another attempt or has ended; None when all is well."""
    code, destination = wording.cause_code(delivery), destination_name(delivery)
    if not code:
        return None
    reason = explained(code, destination=destination)
    if reason is None:
        return Cause(UNEXPLAINED, delivery.last_error)
    if delivery.status == Status.FAILED and reason.fixed_by == BY_ITSELF:
        reason = Reason(
            reason.happened, GIVEN_UP, f"Replay this delivery once {destination} works."
        )
    return Cause(reason, delivery.last_error if delivery.reason == BY_PERSON else "")


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the contact was found to be when it was read back last."""

    sentences: tuple[str, ...]
    when: str
    tone: str
    outdated: bool


def read_back(delivery: Delivery) -> ReadBack | None:
    """What reading the contact back found last; None before the first time."""
    if delivery.read_back_at is None:
        return None
    found = Finding(Found(delivery.found), delivery.mail)
    return ReadBack(
        tuple(finding_sentences(delivery, found)),
        wording.moment(delivery.read_back_at, seconds=True),
        finding.tone(found),
        delivery.completed_at is None or delivery.completed_at > delivery.read_back_at,
    )


def finding_sentences(delivery: Delivery, found: Finding) -> list[str]:
    """What was found, in words that name the tag or list and the destination."""
    return finding.sentences(
        found,
        action=action_of(delivery.connection.kind, delivery.action),
        target=wording.target_name(delivery.rule_version.target_label, delivery.target_id),
        destination=destination_name(delivery),
    )


def status(delivery: Delivery, *, now: datetime) -> str:
    """How far the delivery is, in words."""
    return wording.status(delivery, destination=destination_name(delivery), now=now)


def tone(delivery: Delivery) -> str:
    """The color of the delivery's status."""
    return TONES[wording.state(delivery)]


def action(delivery: Delivery) -> str:
    """What the rule wants, with the tag or list by name."""
    declared = action_of(delivery.connection.kind, delivery.action)
    target = wording.target_name(delivery.rule_version.target_label, delivery.target_id)
    return wording.action(declared, key=delivery.action, target=target)


def destination_name(row: Delivery | RuleVersion) -> str:
    """The destination's own name; its kind when this release does not know it."""
    kind = row.connection.kind
    known = {destination.kind: destination.name for destination in destinations.DESTINATIONS}
    return known.get(kind, kind)


def search_address(model: type[Model], term: str) -> str:
    """The history list that shows what fits the term; '' for no term."""
    page = reverse(f"admin:deliveries_{model._meta.model_name}_changelist")
    return f"{page}?{urlencode({'q': term})}" if term else ""


def address(row: Model) -> str:
    """The admin page of the row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def address_for(row: Model, *, may: Callable[[str], bool]) -> str:
    """The admin page of the row; '' for people who may not open it."""
    seen = may(f"{row._meta.app_label}.view_{row._meta.model_name}")
    return address(row) if seen else ""
