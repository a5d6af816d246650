"""A retry that somebody asks for acts once, whoever else has the delivery in hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deliveries.claiming import claim
from deliveries.models import Attempt, Delivery
from deliveries.retrying import Early, retry
from tests.builders import make_rule
from tests.deliveries.replays import ended, row
from tests.deliveries.scenes import connect, due, hurry, send_one, tag_rule
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def asked(delivery: Delivery, by: str = "machine key: Backend") -> str:
    try:
        retry(delivery.pk, by=by, now=timezone.now())
    except Early:
        return "early"
    return "retried"


def waits(rule: Any, **over: Any) -> Delivery:
    """A delivery that was tried once and will be tried again in ten minutes."""
    again = timezone.now() + timedelta(minutes=10)
    given = {"status": "retrying", "next_attempt_at": again, "attempt_count": 1, "tries": 1}
    return due(rule, **{**given, **over})


def test_the_attempts_after_the_one_that_was_asked_for_come_by_the_schedule(sandbox):
    delivery = waits(tag_rule(sandbox))
    sandbox.faults.set("server_error", count=1)

    asked(delivery)
    send_one(delivery)
    send_one(hurry(delivery))

    rows = Attempt.objects.order_by("number").values_list("number", "trigger", "asked_by")
    assert list(rows) == [(2, "retry", "machine key: Backend"), (3, "retry", "")]
    assert delivery.status == "completed"


def test_the_step_that_a_run_has_reached_is_kept(sandbox):
    delivery = waits(tag_rule(sandbox), progress={"taken": "12"})

    asked(delivery)

    progress = Delivery.objects.get(pk=delivery.pk).progress
    assert progress == {"taken": "12", "hurried": {"by": "machine key: Backend", "attempt": 2}}


def test_a_retry_of_an_older_event_gives_way_to_what_came_later(sandbox):
    rule = tag_rule(sandbox, connection=connect(sandbox))
    failed, later = due(rule, status="failed", completed_at=timezone.now()), due(rule)
    send_one(later)

    asked(failed)
    send_one(failed)

    assert (failed.status, failed.reason) == ("canceled", "superseded")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("make", [ended, waits], ids=["failed", "retrying"])
def test_of_several_retries_at_once_one_acts(make):
    for _ in range(5):
        delivery = make(make_rule())

        words = at_once(4, lambda one=delivery: asked(one))

        assert sorted(words) == ["early", "early", "early", "retried"]
        assert row(delivery)["status"] == ("pending" if make is ended else "retrying")
        Delivery.objects.filter(pk=delivery.pk).delete()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_retry_changes_nothing_of_a_delivery_that_a_worker_takes_in_hand():
    for _ in range(5):
        delivery = waits(make_rule(), next_attempt_at=timezone.now())

        def one(delivery: Delivery = delivery) -> str:
            return "claimed" if claim(delivery.account_id) else asked(delivery)

        words = at_once(4, one)

        assert sorted(words) == ["claimed", "early", "early", "early"]
        assert row(delivery)["progress"] == {}
        Delivery.objects.filter(pk=delivery.pk).delete()
