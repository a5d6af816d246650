"""The books balance, say in a sentence when they do not, and are recounted on a schedule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deliveries import books
from deliveries.books import check_books, recount, standing
from deliveries.models import Attempt, BooksCheck, Delivery, Event, Rollup
from tests.builders import make_attempt, make_connection, make_delivery, make_event, make_rule
from tests.deliveries.olden import old_event, remove_now
from tests.deliveries.senders import EVENT, give_rules

pytestmark = pytest.mark.django_db
STATES = ("pending", "retrying", "failed", "canceled")


def rules(number: int) -> list:
    """Rules of one workspace."""
    connected = make_connection()
    return [make_rule(connection=connected, target_id=str(each)) for each in range(number)]


def delivered(rule) -> Delivery:
    """A delivery of an event of its own that was delivered."""
    delivery = make_delivery(make_event(workspace=rule.workspace), rule, status="completed")
    Delivery.objects.filter(pk=delivery.pk).update(applied_id=make_attempt(delivery).pk)
    return delivery


def test_each_delivery_is_counted_in_one_place():
    first, *others = rules(len(STATES) + 2)
    delivered(first)
    event = make_event(workspace=first.workspace)
    for rule, status in zip(others, STATES, strict=False):
        make_delivery(event, rule, status=status)
    make_delivery(event, others[-1], held_reason="tag_not_found")
    make_event(workspace=first.workspace)

    found = recount()

    assert found.faults == []
    shown = ("accepted", "matched", "unmatched", "deliveries", "waiting", "held")
    assert [found.figures[name] for name in shown] == [3, 2, 1, 6, 2, 1]
    ended = ("completed", "failed", "canceled", "attempts")
    assert [found.figures[name] for name in ended] == [1, 1, 1, 1]


def test_an_empty_database_balances():
    found = recount()

    assert (found.balanced, set(found.figures.values())) == (True, {0})


def test_events_that_the_api_took_balance(api):
    give_rules(api.workspace, 2)
    assert api.emit(EVENT).status_code == 201
    assert api.emit({**EVENT, "event": "nobody.waits"}).status_code == 201

    found = recount()

    assert found.balanced
    assert (found.figures["matched"], found.figures["unmatched"]) == (1, 1)


def lose_a_delivery(delivery):
    """One is gone without its event knowing."""
    Delivery.objects.filter(pk=delivery.pk).delete()


def lose_an_event(delivery):
    """Its event no longer says that it matched."""
    Event.objects.filter(pk=delivery.event_id).update(total_rules=0)


def lose_an_attempt(delivery):
    """The attempt that the delivery counts is gone."""
    Attempt.objects.filter(delivery=delivery).delete()


def forget_what_delivered_it(delivery):
    """It is delivered, and nothing says by what."""
    Delivery.objects.filter(pk=delivery.pk).update(applied_id=None)


def leave_an_attempt_open(delivery):
    """An attempt is in flight, and nobody has the delivery in hand."""
    Attempt.objects.filter(delivery=delivery).update(outcome="", completed_at=None)


def lose_a_count(delivery):
    """Retention says it removed an event, neither matched nor unmatched."""
    Rollup.objects.create(
        workspace=delivery.workspace, hour=timezone.now(), measure="removed.accepted", count=1
    )


BROKEN = {
    lose_a_delivery: [
        "There are 1 accepted events, but 0 matched and unmatched ones together.",
        "There are 1 rules that events matched, but 0 deliveries.",
    ],
    lose_an_event: [
        "There are 1 accepted events, but 2 matched and unmatched ones together.",
        "There are 0 rules that events matched, but 1 deliveries.",
    ],
    lose_an_attempt: ["There are 1 attempts that deliveries count, but 0 attempts."],
    forget_what_delivered_it: [
        "1 deliveries are in hand without a lease, or delivered without the attempt that did it."
    ],
    leave_an_attempt_open: ["1 attempts are in flight, but only 0 deliveries are in hand."],
    lose_a_count: ["There are 1 removed events, but 0 matched and unmatched ones together."],
}


@pytest.mark.parametrize("breaking", BROKEN, ids=lambda each: each.__name__)
def test_a_sum_that_does_not_agree_is_told(breaking):
    delivery = delivered(rules(1)[0])
    assert recount().balanced

    breaking(delivery)

    assert recount().faults == BROKEN[breaking]


def test_a_recount_is_one_picture():
    delivered(rules(1)[0])
    with CaptureQueriesContext(connection) as queries:
        recount()

    assert sum("FROM" in query["sql"] for query in queries) == 1


def test_a_workspace_is_recounted_for_itself():
    delivered(rules(1)[0])
    rule = rules(1)[0]
    Event.objects.all().update(created_at=timezone.now() - timedelta(days=99))
    old_event(rule)
    delivered(rule)
    remove_now()

    found = recount(rule.workspace_id)

    assert found.balanced
    assert (found.figures["accepted"], found.figures["attempts"]) == (1, 1)
    assert (found.figures["ever.accepted"], found.figures["ever.completed"]) == (2, 2)


def test_what_retention_removed_still_counts():
    rule = rules(1)[0]
    old_event(rule)
    old_event()
    delivered(rule)
    before = recount()

    remove_now()

    after = recount()
    assert (before.balanced, after.balanced) == (True, True)
    assert after.figures["accepted"] == 1
    for name in ("accepted", "unmatched", "deliveries", "completed"):
        assert after.figures[f"ever.{name}"] == before.figures[f"ever.{name}"]


def test_the_books_are_recounted_every_ten_minutes():
    now = timezone.now()

    assert check_books(now) is not None
    assert check_books(now + timedelta(minutes=9)) is None
    assert check_books(now + timedelta(minutes=11)) is not None
    assert BooksCheck.objects.filter(balanced=True, faults=[]).count() == 2


def test_books_that_do_not_balance_are_stored_and_logged_as_an_error(log_output):
    delivery = delivered(rules(1)[0])
    forget_what_delivered_it(delivery)

    check_books(timezone.now())

    stored = BooksCheck.objects.get()
    assert (stored.balanced, stored.faults) == (False, BROKEN[forget_what_delivered_it])
    assert [(one["event"], one["log_level"]) for one in log_output] == [
        ("books_unbalanced", "error")
    ]


@pytest.fixture
def log_output():
    """What is logged, as it is handed to the logger."""
    from structlog.testing import capture_logs

    with capture_logs() as entries, pytest.MonkeyPatch.context() as patched:
        import structlog

        patched.setattr(books, "log", structlog.get_logger("books-in-a-test"))
        yield entries


def test_since_when_the_books_are_as_they_are():
    now = timezone.now()
    assert standing() is None
    for hours, balanced in ((5, True), (4, False), (3, True), (2, True)):
        then = now - timedelta(hours=hours)
        BooksCheck.objects.create(checked_at=then, balanced=balanced, figures={})

    found = standing()

    assert found is not None
    assert (found.latest.balanced, found.since) == (True, now - timedelta(hours=3))
