"""Many deliveries are changed in one order, and what another hand has locked is left to it."""

from __future__ import annotations

import pytest
from django.db import transaction

from deliveries import recovery
from deliveries.background_jobs import cancel, pause
from deliveries.canceling import cancel_event
from deliveries.locking import lock_in_order, update_free
from deliveries.models import Delivery, Event
from tests.builders import make_rule
from tests.deliveries.replays import NOW, ended, feed_now, start
from tests.deliveries.scenes import due
from tests.threads import aside, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def held() -> list[bool]:
    return [bool(row.held_reason) for row in Delivery.objects.order_by("pk")]


def test_what_another_hand_has_locked_is_left_to_it():
    rule = make_rule()
    rows = [due(rule, f"{number}@x.io") for number in range(3)]

    with transaction.atomic():
        lock_in_order(Delivery.objects.filter(pk=rows[1].pk))
        (number,) = at_once(1, lambda: recovery.hold_for_connection(rule.connection_id))

    assert number == 2
    assert held() == [True, False, True]


def test_what_fits_no_more_is_left_as_it_is():
    rows = [due(make_rule(), status=status) for status in ("pending", "canceled")]
    keys = [row.pk for row in rows]

    assert update_free(Delivery.objects.filter(status="pending"), keys, reason="x") == 1

    assert list(Delivery.objects.order_by("pk").values_list("reason", flat=True)) == ["x", ""]


def test_rows_are_locked_in_their_order_whoever_asks():
    """A hand that waits for the first row has locked none of the later ones."""
    rule = make_rule()
    for number in range(30):
        ended(rule, f"{number}@x.io")
    job = start(rule.workspace)
    feed_now()
    first, *_, last = Delivery.objects.order_by("pk")

    with transaction.atomic():
        lock_in_order(Delivery.objects.filter(pk=first.pk))
        waits = aside(lambda: pause(job.pk, now=NOW))
        waits.join(timeout=0.5)
        (free,) = at_once(
            1, lambda: update_free(Delivery.objects.all(), [last.pk], reason="locked by nobody")
        )
    waits.join(timeout=20)

    assert free == 1
    assert all(held())


def test_holding_pausing_and_canceling_at_once_all_end():
    rule = make_rule()
    for number in range(60):
        ended(rule, f"{number}@x.io")
    job = start(rule.workspace)
    feed_now()
    events = list(Event.objects.order_by("-pk"))
    work = [
        lambda: recovery.hold_for_connection(rule.connection_id),
        lambda: [cancel_event(event, by="rosa", now=NOW) for event in events],
        lambda: cancel(job.pk, by="rosa", now=NOW),
    ]

    at_once(3, lambda: work.pop()())

    assert set(Delivery.objects.values_list("status", flat=True)) == {"failed"}
    assert not any(held())
