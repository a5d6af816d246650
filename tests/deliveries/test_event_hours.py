"""Hourly counts of events by what rules can ask for, and how far they got."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import event_hours
from deliveries.models import Delivery, EventHour, Found
from tests.builders import make_attempt, make_delivery, make_event, make_rule
from tests.deliveries.olden import old_event, remove_now
from tests.threads import at_once

pytestmark = pytest.mark.django_db
CRM = {"page_id": "crm", "sequence_step": "3", "resource_id": "setup"}


def count(kept_since=None) -> int:
    """How many hours are counted again now."""
    return event_hours.count_hours(
        timezone.now(), until=time.monotonic() + 20, kept_since=kept_since
    )


def counts(**over) -> list[tuple[int, ...]]:
    """What the rows say, in the order of the stages."""
    return list(EventHour.objects.filter(**over).values_list(*event_hours.STAGES))


def done(rule, effect="applied", **over) -> Delivery:
    """A delivery that was made, of an event of its own."""
    given = {"status": "completed", "completed_at": timezone.now(), **over}
    delivery = make_delivery(make_event(workspace=rule.workspace, **CRM), rule, **given)
    attempt = make_attempt(delivery, effect=effect)
    Delivery.objects.filter(pk=delivery.pk).update(applied_id=attempt.pk)
    return delivery


def test_a_combination_has_one_row_an_hour_with_how_far_its_events_got():
    rule = make_rule()
    done(rule)
    make_delivery(make_event(workspace=rule.workspace, **CRM), rule)
    make_event(workspace=rule.workspace, **CRM)
    make_event(workspace=rule.workspace, event="user.signed_up")

    count()

    assert counts(**CRM) == [(3, 2, 1, 1)]
    assert counts(event="user.signed_up") == [(1, 0, 0, 0)]


def test_an_event_is_delivered_when_none_of_its_deliveries_waits_or_failed():
    rule, other = make_rule(), make_rule()
    delivery = done(rule)
    more = make_delivery(delivery.event, other, status="failed")
    count()
    assert counts() == [(1, 1, 0, 0)]

    Delivery.objects.filter(pk=more.pk).update(status="canceled")
    count()

    assert counts() == [(1, 1, 1, 1)]


@pytest.mark.parametrize(
    ("effect", "over", "confirmed"),
    [
        ("already", {}, 1),
        ("absent", {}, 0),
        ("absent", {"found": Found.AS_WANTED}, 1),
        ("applied", {"found": Found.UNDONE}, 0),
    ],
)
def test_what_was_read_back_decides_before_the_answer(effect, over, confirmed):
    read = {"read_back_at": timezone.now() + timedelta(seconds=5)} if over else {}
    done(make_rule(), effect, **over, **read)

    count()

    assert counts() == [(1, 1, 1, confirmed)]


def test_a_reading_from_before_the_last_delivery_says_nothing():
    done(make_rule(), found=Found.UNDONE, read_back_at=timezone.now() - timedelta(hours=1))

    count()

    assert counts() == [(1, 1, 1, 1)]


def test_test_events_are_left_out():
    make_event(is_test=True)

    count()

    assert counts() == []


def test_counting_again_replaces_and_forgets_what_is_there_no_more():
    event = make_event(**CRM)
    count()
    count()
    assert counts() == [(1, 0, 0, 0)]

    event.delete()
    count()

    assert counts() == []


def test_retention_leaves_the_counts_of_what_it_removes():
    event = old_event(make_rule())
    event_hours.count_hour(event_hours.hour_of(event.created_at))
    before = counts()
    kept_since = timezone.now() - timedelta(days=1)
    remove_now()

    count(kept_since=kept_since)

    assert before != []
    assert counts() == before


def test_within_eight_weeks_every_hour_has_its_turn(clock):
    old = timezone.now() - timedelta(days=40)
    make_event(created_at=old)
    turns = set()
    for minute in range(event_hours.FAR_HOURS):
        turns |= set(event_hours._turns(timezone.now() + timedelta(minutes=minute)))

    assert event_hours.hour_of(old) in turns


def test_texts_of_the_greatest_length_are_counted():
    longest = {
        "event": "\U0001f600" * 200,
        "resource": "\U0001f601" * 200,
        "page_id": "\U0001f602" * 200,
    }
    make_event(**longest, resource_id="r" * 64, sequence_step="\U0001f603" * 64)

    count()

    assert counts() == [(1, 0, 0, 0)]


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_count_at_once_count_the_same():
    rule = make_rule()
    for page in "abcde":
        make_event(workspace=rule.workspace, page_id=page)

    assert at_once(2, count) == [4, 4]
    assert len(counts()) == 5
