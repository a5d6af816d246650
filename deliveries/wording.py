"""Events, deliveries and times as plain sentences; asks no database and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from connections.destinations.base import Action
from deliveries.models import Outcome, Status, Trigger
from deliveries.reasons import explained
from meshes.moments import moment as moment  # part of the words

PAGE_COMPLETED = "page.completed"
LONGEST_SHOWN = 40
UNTOLD = (Status.PENDING, Status.PROCESSING, Status.COMPLETED)
CANCELING = ("rule_deleted", "canceled_by_person", "person_erased", "superseded")
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

STATES = {
    Status.PENDING: "waiting",
    Status.PROCESSING: "sending now",
    Status.RETRYING: "will try again",
    Status.COMPLETED: "delivered",
    Status.FAILED: "failed",
    Status.CANCELED: "canceled",
}
OUTCOMES = {
    Outcome.DELIVERED: "delivered",
    Outcome.REJECTED_CLIENT_ERROR: "refused by the destination",
    Outcome.REJECTED_SERVER_ERROR: "the destination had a problem",
    Outcome.RATE_LIMITED: "asked to slow down",
    Outcome.AUTH_FAILED: "the credentials or rights did not suffice",
    Outcome.TIMEOUT: "no answer in time",
    Outcome.NETWORK_ERROR: "no connection",
    Outcome.MAPPING_ERROR: "the event lacks something",
    Outcome.INTERNAL_ERROR: "a problem of Meshes itself",
}
TRIGGERS = {
    Trigger.LIVE: "first attempt",
    Trigger.RETRY: "automatic retry",
    Trigger.REPLAY: "replay",
    Trigger.BACKFILL: "backfill",
    Trigger.TEST: "test",
    Trigger.CANARY: "self-check",
}
EFFECTS = {
    "applied": "changed in the account",
    "already": "was so in the account already",
    "absent": "nothing to remove in the account",
}
ACTIONS = {
    ("add", "tag"): "add the tag {}",
    ("remove", "tag"): "remove the tag {}",
    ("add", "list"): "subscribe to the list {}",
    ("remove", "list"): "unsubscribe from the list {}",
    ("sync", "contact"): "create or update the contact",
}


class Said(Protocol):
    """The columns of an event that its sentence is made from."""

    event: str
    page_title: str
    page_id: str
    sequence_step: str
    completed_at: datetime | None


class Condition(Protocol):
    """The columns of a rule or of its version that name what it waits for."""

    event: str
    resource: str
    resource_id: str
    page_id: str
    sequence_step: str


class Erasable(Protocol):
    """The columns of an event that say what was erased."""

    email: str
    erased_at: datetime | None


class Progress(Protocol):
    """The columns of a delivery that say how far it is."""

    status: str
    held_reason: str
    reason: str
    next_attempt_at: datetime


def duration(milliseconds: int) -> str:
    """The time span in at most two units: `340 ms`, `1.2 s`, `2 min 5 s`, `3 d 4 h`."""
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    if milliseconds < 10_000:
        return f"{milliseconds / 1_000:.1f} s"
    left = round(milliseconds / 1_000)
    parts: list[str] = []
    for size, unit in UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, parts[:2]))


def sentence(event: Said, *, sent_completed_at: str = "") -> str:
    """What the person did: `Connect your CRM (step 3), completed 21 Mar 2026 15:06 UTC`.

    Shape: `sent_completed_at` is the text of the payload, shown as it was
    sent when no moment could be read from it.
    """
    when = _completed(event.completed_at, sent_completed_at)
    return ", completed ".join(filter(None, (_page(event), when)))


def _page(event: Said) -> str:
    page, step = event.page_title or event.page_id, event.sequence_step
    if page and step:
        page = f"{page} (step {step})"
    elif step:
        page = f"Step {step}"
    if not page:
        return event.event
    return page if event.event == PAGE_COMPLETED else f"{event.event}: {page}"


def _completed(at: datetime | None, sent: str) -> str:
    if at is not None:
        return moment(at)
    sent = " ".join(sent.split())
    if len(sent) > LONGEST_SHOWN:
        sent = sent[: LONGEST_SHOWN - 1] + "…"
    return f"{sent} (as sent)" if sent else ""


def status(delivery: Progress, *, destination: str, now: datetime) -> str:
    """How far the delivery is: `delivered`, `failed: …`, `held: …`, `will try again at …`."""
    if delivery.status == Status.RETRYING and not delivery.held_reason:
        late = delivery.next_attempt_at <= now
        return "will try again now" if late else retry_at(delivery.next_attempt_at)
    code = "" if delivery.status in UNTOLD and not delivery.held_reason else cause_code(delivery)
    return _because(state(delivery), code, destination)


def cause_code(delivery: Progress) -> str:
    """The reason that explains where the delivery is, '' when none does.

    Why: a delivery canceled during an attempt that failed keeps that
    attempt's reason, but it ended because somebody stopped it. One that waits
    keeps the reason of its last run, which may be called off once more.
    """
    if delivery.held_reason or delivery.status == Status.PENDING:
        return delivery.held_reason
    if delivery.status == Status.CANCELED and delivery.reason not in CANCELING:
        return "canceled_by_person"
    return delivery.reason


def retry_at(when: datetime) -> str:
    """The promise of another attempt."""
    return f"will try again at {moment(when)}"


def state(delivery: Progress) -> str:
    """The delivery's status in two or three words, without its reason."""
    return "held" if delivery.held_reason else STATES[Status(delivery.status)]


def tally(deliveries: Iterable[Progress]) -> str:
    """How an event's deliveries fare together: `2 delivered, 1 failed`."""
    counts = Counter(map(state, deliveries))
    words = [*STATES.values(), "held"]
    return ", ".join(f"{counts[word]} {word}" for word in words if counts[word])


def _because(word: str, code: str, destination: str) -> str:
    reason = explained(code, destination=destination)
    cause = reason.happened.rstrip(".") if reason else code.replace("_", " ")
    return f"{word}: {cause}" if cause else word


def action(declared: Action | None, *, key: str, target: str) -> str:
    """What the rule wants: `add the tag “step-3-complete”`."""
    words = ACTIONS.get((declared.effect, declared.target_kind)) if declared else None
    if words is None:
        return f"{key.replace('_', ' ')} {target}".strip()
    return words.format(target)


def erased(event: Erasable) -> str:
    """What an erasure left of the event's data, '' when there was none."""
    if event.erased_at is None:
        return ""
    when = moment(event.erased_at)
    if event.email:
        return (
            f"This event named a person who was erased on {when}. Its payload and exchanges are "
            "gone; what was delivered to somebody else still stands here."
        )
    return (
        f"This person was erased on {when}. Email, user id, page title, payload and exchanges are "
        "gone; what was done stays in the counts."
    )


def target_name(label: str, target_id: str) -> str:
    """The tag's or list's name, or its number where the name is not known."""
    if label:
        return f"“{label}”"
    return f"number {target_id}" if target_id else ""


def condition(rule: Condition) -> str:
    """What the rule waits for: `page.completed on the page crm, step 3`."""
    places = (
        (f"the page {rule.page_id}" if rule.page_id else ""),
        (f"step {rule.sequence_step}" if rule.sequence_step else ""),
        _resource(rule),
    )
    where = ", ".join(filter(None, places))
    return f"{rule.event} on {where}" if where else f"every {rule.event}"


def _resource(rule: Condition) -> str:
    name = " ".join(filter(None, (rule.resource, rule.resource_id)))
    return f"the resource {name}" if name else ""
