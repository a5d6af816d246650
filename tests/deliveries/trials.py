"""Tests of rules against the sandbox: sending one here and now, and cleaning up after it."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from deliveries import trial_cleaning, trying
from deliveries.models import Delivery, Trial
from deliveries.trial_stages import Course, course
from rules.models import Rule
from tests.deliveries.scenes import EMAIL, send_one

TAG = "step-3-complete"


def body(**payload: Any) -> bytes:
    """The guide's event, about the usual person."""
    given = {"email": EMAIL, "page_id": "crm", "sequence_step": 3, **payload}
    return json.dumps({"event": "page.completed", "payload": given}).encode()


def start(rule: Rule, raw: bytes | None = None, **over: Any) -> Trial:
    """A test of the rule as it is stored now, waiting for a worker."""
    fresh = Rule.objects.select_related(*trying.RELATED).get(pk=rule.pk)
    given = {"raw": body() if raw is None else raw, "by": "ada", "now": timezone.now(), **over}
    return trying.start(fresh, **given)


def sent(rule: Rule, **payload: Any) -> Trial:
    """A test of the rule that was delivered and read back."""
    trial = start(rule, body(**payload))
    send_one(delivery_of(trial))
    trial.refresh_from_db()
    return trial


def delivery_of(trial: Trial) -> Delivery:
    return Delivery.objects.get(event=trial.event_id)


def clean(trial: Trial) -> list[str]:
    """What cleaning up after the test came to."""
    return trial_cleaning.clean_up(trial, by="bea", now=timezone.now)


def course_of(trial: Trial) -> Course:
    """How far the test is, as its page shows it."""
    row = Trial.objects.select_related("rule", "rule_version__connection", "event").get(pk=trial.pk)
    return course(row, Delivery.objects.filter(event=row.event_id).first(), now=timezone.now())


def states(trial: Trial) -> str:
    """The states of the stages in their order."""
    return " ".join(stage.state for stage in course_of(trial).stages)
