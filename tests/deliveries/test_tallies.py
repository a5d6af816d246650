"""Tallies count every row once and never go back, whatever happens to the rows."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import tallies
from deliveries.models import Attempt, Delivery, Event, Tally, TallyPlace
from tests.builders import make_attempt, make_delivery, make_event, make_rule
from tests.deliveries.olden import old_event, remove_now
from tests.threads import at_once

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=5)


def count_all(now=None) -> None:
    """Count whatever may be counted five minutes from now."""
    tallies.count_on(now or timezone.now() + LATER, until=time.monotonic() + 20)


def tally(measure: str, **over) -> int:
    """What the tallies of the measure come to."""
    return sum(Tally.objects.filter(measure=measure, **over).values_list("count", flat=True))


def test_events_are_counted_once_by_workspace_and_without_tests():
    rule = make_rule()
    make_delivery(make_event(workspace=rule.workspace), rule)
    make_event(workspace=rule.workspace)
    make_event(workspace=rule.workspace, is_test=True)

    count_all()
    count_all()

    mine = {"workspace_key": str(rule.workspace_id)}
    found = [tally(each, **mine) for each in ("accepted", "matched", "planned")]
    assert found == [2, 1, 1]


def test_what_was_just_stored_waits_until_no_earlier_row_can_appear():
    attempt = make_attempt(make_delivery(make_event(), make_rule()))

    count_all(attempt.started_at + timedelta(seconds=9))
    early = Tally.objects.exists()
    count_all(attempt.started_at + timedelta(seconds=11))

    assert not early
    assert (tally("attempts"), tally("accepted")) == (1, 0)


def test_an_attempt_is_counted_by_what_asked_for_it_and_what_it_came_to():
    rule = make_rule()
    delivery = make_delivery(make_event(), rule, status="retrying")
    make_attempt(delivery, outcome="timeout", reason="timeout", duration_ms=30_001)
    make_attempt(delivery, trigger="retry", duration_ms=100)

    count_all()

    account = {"account_key": rule.connection.account_id}
    assert tally("attempts", kind="live", detail="timeout", **account) == 1
    assert tally("attempts", kind="retry", detail="delivered", **account) == 1
    sorted_by = Tally.objects.filter(measure="latency", **account).order_by("kind")
    assert list(sorted_by.values_list("kind", "count", "amount")) == [
        ("100", 1, 100),
        ("more", 1, 30_001),
    ]


def test_an_attempt_in_flight_is_counted_when_it_has_ended_and_keeps_no_later_one_waiting():
    rule = make_rule()
    flying = make_attempt(
        make_delivery(make_event(), rule), outcome="", completed_at=None, duration_ms=None
    )
    make_attempt(make_delivery(make_event(), rule))

    count_all()
    meanwhile = tally("attempts")
    Attempt.objects.filter(pk=flying.pk).update(outcome="timeout", completed_at=timezone.now())
    count_all()
    count_all()

    assert meanwhile == 1
    assert (tally("attempts"), tally("attempts", detail="timeout")) == (2, 1)
    assert TallyPlace.objects.get(pk="attempts").open_ids == []


def test_a_delivery_that_ended_is_counted_with_its_reason():
    rule = make_rule()
    failed = make_delivery(make_event(), rule, status="failed", reason="tag_not_found")
    make_attempt(failed, outcome="rejected_client_error", reason="tag_not_found")
    retried = make_delivery(make_event(), rule, status="retrying", reason="timeout")
    make_attempt(retried, outcome="timeout", reason="timeout")
    make_attempt(make_delivery(make_event(), rule, status="completed", applied_id=1))
    make_delivery(make_event(), rule, status="failed", reason="email_missing")

    count_all()

    ended = Tally.objects.filter(measure="ended").order_by("kind", "detail")
    assert list(ended.values_list("kind", "detail", "count")) == [
        ("completed", "", 1),
        ("failed", "email_missing", 1),
        ("failed", "tag_not_found", 1),
    ]


def test_a_long_history_is_counted_in_slices_to_its_end(monkeypatch):
    monkeypatch.setattr(tallies, "AT_ONCE", 2)
    rule = make_rule()
    for _ in range(5):
        make_attempt(make_delivery(make_event(workspace=rule.workspace), rule))

    count_all()

    assert (tally("accepted"), tally("attempts")) == (5, 5)


def test_no_slice_begins_after_the_time_is_over():
    make_event()

    tallies.count_on(timezone.now() + LATER, until=time.monotonic())

    assert not Tally.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_same_step_count_it_once():
    rule = make_rule()
    for _ in range(20):
        make_attempt(make_delivery(make_event(workspace=rule.workspace), rule))

    at_once(4, count_all)

    assert (tally("accepted"), tally("attempts"), tally("ended")) == (20, 20, 20)


def test_retention_takes_nothing_from_a_tally_and_nothing_before_it_is_counted():
    old_event(make_rule())
    Attempt.objects.update(started_at=timezone.now() - timedelta(days=91))

    removed = remove_now()

    assert (removed, Event.objects.count(), Delivery.objects.count()) == (1, 0, 0)
    assert (tally("accepted"), tally("attempts"), tally("ended")) == (1, 1, 1)


def test_retention_waits_while_nothing_can_be_counted(monkeypatch):
    monkeypatch.setattr(tallies, "EVENTS_SETTLE", timedelta(days=100))
    old_event(make_rule())

    assert (remove_now(), Event.objects.count()) == (0, 1)


@pytest.mark.parametrize(
    ("duration_ms", "bound"), [(0, "100"), (100, "100"), (101, "250"), (30_001, "more")]
)
def test_a_duration_is_sorted_by_the_least_bound_that_holds_it(duration_ms, bound):
    assert tallies.bound_of(duration_ms) == bound


def test_the_canary_counts_nowhere():
    delivery = make_delivery(make_event(), make_rule(), status="completed", trigger="canary")
    make_attempt(delivery, trigger="canary")

    count_all()

    assert (tally("attempts"), tally("ended"), tally("latency")) == (0, 0, 0)
