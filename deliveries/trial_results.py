"""How tests ended, for a list of them: passed, or where each stopped.

It tells the same as the pages of the tests, from the columns of their deliveries alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from deliveries import finding
from deliveries.admin_displays import destination_name
from deliveries.finding import Finding
from deliveries.models import Delivery, Found, Outcome, Status, Trial
from deliveries.trial_stages import ANSWERED, ENDED, MATCHED, READ_BACK, READ_BACK_WITHIN, SENT
from deliveries.trial_waiting import of_workers

COLUMNS = (
    *("event", "status", "held_reason", "last_outcome", "created_at", "completed_at"),
    *("found", "mail", "read_back_at"),
)
NOT_ATTEMPTED = ("", Outcome.MAPPING_ERROR)


@dataclass(frozen=True, slots=True)
class Result:
    """What a test came to; `sent` says whether there is anything to clean up."""

    words: str
    tone: str
    sent: bool = True


UNDER_WAY, PASSED = Result("Under way", "busy"), Result("Passed", "good")
UNMATCHED = Result(f"Stopped at “{MATCHED}”", "bad", sent=False)


def results_of(trials: Collection[Trial], *, now: datetime) -> dict[int, Result]:
    """The result of each test by its id; one query for all, one or two more where any waits."""
    rows = Delivery.objects.filter(event__in=[trial.event_id for trial in trials])
    made = {row.event_id: row for row in rows.only(*COLUMNS)}
    idle = any(map(_is_untried, made.values())) and any(each.blocks for each in of_workers())
    return {
        trial.pk: _result(trial, made.get(trial.event_id), idle=idle, now=now) for trial in trials
    }


def _is_untried(delivery: Delivery) -> bool:
    return delivery.status == Status.PENDING and not delivery.last_outcome


def _result(trial: Trial, delivery: Delivery | None, *, idle: bool, now: datetime) -> Result:
    if delivery is None:
        return UNMATCHED
    if idle and _is_untried(delivery) and not delivery.held_reason:
        return _stopped(SENT)
    # While it is cleaned up, it is in hand although it was delivered.
    status = trial.status_before if trial.lane_token else delivery.status
    if status == Status.COMPLETED:
        return _read_back(trial, delivery, now=now)
    if status not in ENDED and not delivery.held_reason:
        return UNDER_WAY
    answered = ANSWERED.format(destination_name(trial.rule_version))
    return _stopped(SENT if delivery.last_outcome in NOT_ATTEMPTED else answered)


def _read_back(trial: Trial, delivery: Delivery, *, now: datetime) -> Result:
    ended = delivery.completed_at or delivery.created_at
    if delivery.read_back_at and delivery.read_back_at >= ended:
        tone = finding.tone(Finding(Found(delivery.found), delivery.mail))
        return PASSED if tone != "bad" else _stopped(READ_BACK)
    waits = not trial.look_error and now - ended < READ_BACK_WITHIN
    return UNDER_WAY if waits else _stopped(READ_BACK)


def _stopped(stage: str) -> Result:
    return Result(f"Stopped at “{stage}”", "bad")
