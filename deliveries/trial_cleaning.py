"""Cleans up after a test: takes away what it gave, while its lane is in hand.

No transaction is open during the calls. Who dies in the middle leaves a test that can be
cleaned up again: every step looks first and may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db.models import Q, QuerySet

from connections.calling import open_line
from connections.destinations.base import Call
from connections.destinations.contacts import Contacts, ContactSeen
from connections.models import ContactCache
from deliveries import canceling, trial_lane, wording
from deliveries.admin_displays import destination_name
from deliveries.claiming import Claim, ClaimLost
from deliveries.models import UNFINISHED, Attempt, Delivery, Status, Trial
from deliveries.reading_back import CannotReadBack, asked, contacts_of, target_id_of
from deliveries.trial_lane import LaneBusy
from deliveries.trial_looks import place_of
from deliveries.trial_plan import Looks, Plan, Subject, Touched, plan
from deliveries.turns import Turn
from rules.targets import action_of

CALL_DEADLINE_S = 10.0
NOTHING_SENT = "The event matched nothing that was sent, so there is nothing to take back."
ERASED = (
    "The person of this test was erased, so Meshes no longer knows whom to clean up after. "
    "Do it in the account by hand."
)
NOT_OFFERED = "This destination cannot be asked what a contact holds. Clean up there by hand."
MOVED = (
    "The test was replayed with another account, tag, list or address, so what was there before "
    "is not known. Clean up in the account by hand."
)
TAKEN_OVER = "The clean-up took too long and was given up; press Clean up again."
CANCELED = "The delivery, which had not ended, is canceled."
DONE = {
    "delete": "The contact, which the test had created, is deleted.",
    "take_tag": "{subject} is taken from the contact.",
    "unsubscribe": "The contact is unsubscribed from {subject}.",
}
RELATED = ("connection", "rule_version", "event")

log = structlog.get_logger(__name__)


class CannotCleanUp(Exception):
    """Nothing, or not all, was cleaned up; the text says why and what to do."""


def clean_up(trial: Trial, *, by: str, now: Callable[[], datetime]) -> list[str]:
    """What was done and what stays, in sentences, stored with the test.

    Raises: CannotCleanUp, and then it may be tried again.
    """
    delivery = delivery_of(trial)
    if delivery is None:
        return _store(trial, [NOTHING_SENT], by=by, now=now())
    if not delivery.email:
        raise CannotCleanUp(ERASED)
    told = [CANCELED] if _stopped(delivery, by=by, now=now()) else []
    try:
        held = trial_lane.take(trial, delivery)
    except LaneBusy as error:
        raise CannotCleanUp(str(error)) from None
    try:
        trial.refresh_from_db(fields=["before", "after"])
        told += _tidy(trial, delivery, held)
    except CannotReadBack as error:
        raise CannotCleanUp(f"{error} Then press Clean up again.") from None
    except ClaimLost:
        raise CannotCleanUp(TAKEN_OVER) from None
    finally:
        trial_lane.let_go(trial, held)
    return _store(trial, told, by=by, now=now())


def delivery_of(trial: Trial) -> Delivery | None:
    """The delivery of the tested rule; None when the event did not fit it."""
    return Delivery.objects.filter(event=trial.event_id).select_related(*RELATED).first()


def subject_of(delivery: Delivery) -> Subject | None:
    """What the test was about; None for an action that this release does not know."""
    action = action_of(delivery.connection.kind, delivery.action)
    if action is None:
        return None
    target_id = target_id_of(delivery)
    target = wording.target_name(delivery.rule_version.target_label, target_id)
    return Subject(action, target_id, target, destination_name(delivery))


def _stopped(delivery: Delivery, *, by: str, now: datetime) -> bool:
    """Whether the delivery waited and is canceled now."""
    if not Delivery.objects.filter(UNFINISHED, pk=delivery.pk).exists():
        return False
    try:
        word = canceling.cancel_delivery(delivery.pk, by=by, now=now)
    except canceling.AlreadyEnded:
        return False
    if word == canceling.ASKED:
        raise CannotCleanUp(trial_lane.IN_FLIGHT)
    return True


def _tidy(trial: Trial, delivery: Delivery, held: Claim) -> list[str]:
    contacts, subject = contacts_of(delivery.connection), subject_of(delivery)
    if contacts is None or subject is None:
        raise CannotCleanUp(NOT_OFFERED)

    if trial.before and trial.before["place"] != place_of(delivery, target_id=subject.target_id):
        raise CannotCleanUp(MOVED)

    def work() -> list[str]:
        line = open_line(
            delivery.connection,
            hide=(delivery.email,),
            before_call=Turn(held, delivery.account_id),
            deadline_s=CALL_DEADLINE_S,
        )
        seen = contacts.look(line, delivery.email) if trial.before else ContactSeen()
        touched = _touched(trial, delivery, subject)
        looks = Looks(
            trial.before,
            trial.after,
            seen,
            delivered=_was_delivered(trial),
            synced=str(_known(delivery).values_list("external_id", flat=True).first() or ""),
        )
        planned = plan(looks, subject=subject, touched=touched)
        return _done(planned, seen, delivery, subject, (contacts, line))

    return asked(delivery.connection, work)


def _done(
    planned: Plan,
    seen: ContactSeen,
    delivery: Delivery,
    subject: Subject,
    desk: tuple[Contacts, Call],
) -> list[str]:
    contacts, line = desk
    if planned.step == "nothing":
        return list(planned.kept)
    if planned.step == "delete":
        contacts.delete(line, seen.id)
    elif planned.step == "take_tag":
        contacts.take_tag(line, seen.tags[subject.target_id])
    else:
        contacts.unsubscribe(line, seen.id, subject.target_id)
    _forget(delivery, subject, whole=planned.step == "delete")
    words = subject.words if planned.step == "take_tag" else f"t{subject.words[1:]}"
    return [DONE[planned.step].format(subject=words), *planned.kept]


def _was_delivered(trial: Trial) -> bool:
    """Whether the test was delivered before its clean-up took it in hand."""
    status = Trial.objects.values_list("status_before", flat=True).get(pk=trial.pk)
    return status == Status.COMPLETED


def _known(delivery: Delivery) -> QuerySet[ContactCache]:
    return ContactCache.objects.filter(account_id=delivery.account_id, email=delivery.email)


def _forget(delivery: Delivery, subject: Subject, *, whole: bool) -> None:
    """Let no later delivery rely on what was taken away; the lane is in hand."""
    known = _known(delivery)
    if whole:
        known.delete()
        return
    for row in known:
        links = {tag: link for tag, link in row.links.items() if tag != subject.target_id}
        known.filter(pk=row.pk).update(links=links)


def _touched(trial: Trial, delivery: Delivery, subject: Subject) -> Touched:
    """Whether real events reached the same contact since the test began."""
    first = Attempt.objects.filter(delivery=delivery).order_by("number").values_list("pk").first()
    real = Delivery.objects.filter(
        Q(applied_id__gt=first[0]) if first else Q(completed_at__gte=trial.created_at),
        account_id=delivery.account_id,
        email=delivery.email,
        is_test=False,
        applied_id__isnull=False,
    )
    kind = subject.action.target_kind
    mine = real.filter(target_kind=kind, target_id__in={subject.target_id, delivery.target_id})
    return Touched(target=mine.exists(), contact=real.exists())


def _store(trial: Trial, told: list[str], *, by: str, now: datetime) -> list[str]:
    Trial.objects.filter(pk=trial.pk).update(cleaned=told, cleaned_by=by, cleaned_at=now)
    log.info("test_cleaned", trial_id=trial.pk, by=by)
    return told


def may_clean(trial: Trial) -> bool:
    """Whether something was sent that is not cleaned up yet, and nothing is in flight."""
    free = Delivery.objects.filter(event=trial.event_id).exclude(status=Status.PROCESSING)
    return trial.cleaned_at is None and free.exists()
