"""The buttons on the pages of deliveries and events; each calls one verb."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from deliveries import admin_displays as displays
from deliveries import canceling, finding, wording
from deliveries.forms import ReplayForm
from deliveries.models import UNFINISHED, Delivery, Event, Status
from deliveries.moving import differences
from deliveries.permissions import MAY_CANCEL, MAY_READ_BACK, MAY_REPLAY, MAY_REPLAY_MANY
from deliveries.reading_back import CannotReadBack, contacts_of, read_back
from deliveries.replaying import (
    SENTENCES,
    Basis,
    CannotReplay,
    fate,
    replay,
    replay_event_failures,
)
from meshes.admin_base import who
from meshes.admin_buttons import Button, Warned

ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELED)
STOPPED = {
    canceling.CANCELED: "The delivery is canceled; nothing more is sent for it.",
    canceling.RESTORED: "The replay is called off; the delivery is as it was before.",
    canceling.ASKED: "An attempt is in flight. The delivery ends with it and is not tried again.",
}


def replay_one(request: HttpRequest, delivery: Delivery, values: Mapping[str, Any]) -> str:
    """Set the delivery going once more."""
    asked = {"basis": values["basis"], "insist": values["insist"], "by": who(request)}
    replay(delivery.pk, **asked, now=timezone.now())
    return "The delivery is replayed. Its new attempt appears below within moments."


def cancel_one(request: HttpRequest, delivery: Delivery, _values: Mapping[str, Any]) -> str:
    """Stop the delivery."""
    word = canceling.cancel_delivery(delivery.pk, by=who(request), now=timezone.now())
    return STOPPED[word]


def verify_one(request: HttpRequest, delivery: Delivery, _values: Mapping[str, Any]) -> str:
    """Ask the account what the contact holds now; a warning where that is not all well."""
    found = read_back(delivery, by=who(request), now=timezone.now)
    told = " ".join(displays.finding_sentences(delivery, found))
    return told if finding.tone(found) == "good" else Warned(told)


def replay_failed(request: HttpRequest, event: Event, values: Mapping[str, Any]) -> str:
    """Set the event's failed deliveries going once more; a warning where some are left out."""
    asked = {"basis": values["basis"], "insist": values["insist"], "by": who(request)}
    done = replay_event_failures(event, **asked, now=timezone.now())
    left_out = [f"{count} left out: {SENTENCES[cause]}" for cause, count in done.skipped.items()]
    told = " ".join([f"{counted(done.taken, 'delivery')} replayed.", *left_out])
    return told if done.taken and not left_out else Warned(told)


def cancel_waiting(request: HttpRequest, event: Event, _values: Mapping[str, Any]) -> str:
    """Stop what the event's deliveries wait for."""
    return stopped(canceling.cancel_event(event, by=who(request), now=timezone.now()))


def counted(number: int, noun: str) -> str:
    """`1 delivery`, `3 deliveries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def stopped(done: canceling.Canceled) -> str:
    """What canceling several deliveries came to."""
    told = (
        (done.canceled, "canceled"),
        (done.restored, "put back as they were before their replay"),
        (done.asked, "in flight, which end with their present attempt"),
    )
    parts = [f"{counted(number, 'delivery')} {words}" for number, words in told if number]
    return f"{', '.join(parts)}." if parts else "No delivery was waiting any more."


def about_replay(delivery: Delivery) -> Mapping[str, Any]:
    """What a person should know before replaying the delivery."""
    related = ("rule_version__connection", "rule_version__mapping", "rule__current__connection")
    rows = Delivery.objects.select_related("event", "rule__current__mapping", *related)
    row = rows.annotate(was=fate(Basis.WAS), now=fate(Basis.NOW)).get(pk=delivery.pk)
    refused = Counter(filter(None, (getattr(row, "was", ""), getattr(row, "now", ""))))
    return {
        "sentence": wording.sentence(row.event),
        "person": row.email or row.event.email,
        "delivered": delivery.status == Status.COMPLETED,
        "differences": [] if row.event.erased_at else differences(row),
        "impossible": [SENTENCES[cause] for cause, bases in refused.items() if bases > 1],
        "hints": [SENTENCES[cause] for cause, bases in refused.items() if bases == 1],
        "status": wording.STATES[Status(delivery.status)],
    }


def _has_failed(event: Event) -> bool:
    return Delivery.objects.filter(event=event, status=Status.FAILED).exists()


def _has_waiting(event: Event) -> bool:
    return Delivery.objects.filter(UNFINISHED, event=event).exists()


def _can_be_asked(delivery: Delivery) -> bool:
    return bool(delivery.email) and contacts_of(delivery.connection) is not None


DELIVERY_BUTTONS = (
    Button(
        name="verify",
        label="Verify now",
        question="Read the contact back from its account now? This takes about two calls of the "
        "account's budget and changes nothing there.",
        act=verify_one,
        shown=_can_be_asked,
        permission=MAY_READ_BACK,
        refusals=(CannotReadBack,),
    ),
    Button(
        name="replay",
        label="Replay",
        question="Replay this delivery?",
        act=replay_one,
        form=ReplayForm,
        shown=lambda row: row.status in ENDED,
        permission=MAY_REPLAY,
        refusals=(CannotReplay,),
        about=about_replay,
        template="admin/deliveries/replay_one.html",
    ),
    Button(
        name="cancel",
        label="Cancel delivery",
        question="Cancel this delivery? An attempt in flight still ends and is recorded.",
        act=cancel_one,
        shown=lambda row: row.status not in ENDED,
        permission=MAY_CANCEL,
        danger=True,
        refusals=(canceling.AlreadyEnded,),
    ),
)
EVENT_BUTTONS = (
    Button(
        name="replay-failed",
        label="Replay failed",
        question="Replay all failed deliveries of this event?",
        act=replay_failed,
        form=ReplayForm,
        shown=_has_failed,
        permission=MAY_REPLAY_MANY,
        template="admin/deliveries/ask.html",
    ),
    Button(
        name="cancel-waiting",
        label="Cancel what waits",
        question="Cancel every delivery of this event that has not ended? "
        "Attempts in flight still end and are recorded.",
        act=cancel_waiting,
        shown=_has_waiting,
        permission=MAY_CANCEL,
        danger=True,
    ),
)
