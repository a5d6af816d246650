"""A backfill applies a rule to past events, each person once, and keeps the books right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum

from deliveries import backfill_feeding, job_steps
from deliveries.backfilling import CannotBackfill, preview, start
from deliveries.background_jobs import cancel, counts
from deliveries.canceling import Canceled
from deliveries.models import BackgroundJob, Delivery, Event
from rules.models import Rule
from tests.builders import append_version, make_connection, make_delivery, make_event, make_rule
from tests.deliveries.replays import NOW, end_all, feed_now
from tests.threads import at_once

pytestmark = pytest.mark.django_db

SINCE, UNTIL = NOW - timedelta(days=30), NOW


@pytest.fixture
def rule(db) -> Rule:
    return make_rule(page_id="crm", sequence_step="3")


def past(rule: Rule, email: str = "alex@example.com", **over: Any) -> Event:
    """An event that the rule would match now and that nobody delivered."""
    given = {"page_id": "crm", "sequence_step": "3", "created_at": NOW - timedelta(days=5)}
    given |= {"payload": {"email": email}, "workspace": rule.workspace, "email": email}
    return make_event(**{**given, **over})


def run(rule: Rule, *, status: str = "completed") -> BackgroundJob:
    """The job after all of it was created and attempted."""
    job = start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)
    for _ in range(50):
        feed_now()
        end_all(job, status=status)
        job.refresh_from_db()
        if job.state != "running":
            return job
    raise AssertionError("The job has not ended.")


def backfilled() -> list[int]:
    rows = Delivery.objects.filter(trigger="backfill").order_by("pk")
    return list(rows.values_list("event", flat=True))


def books_balance() -> bool:
    said = Event.objects.aggregate(n=Sum("total_rules"))["n"] or 0
    return bool(said == Delivery.objects.count())


def test_each_person_gets_a_delivery_for_their_newest_event(rule):
    past(rule)
    newest = past(rule)
    rosa = past(rule, "rosa@example.com")

    job = run(rule)

    assert backfilled() == [rosa.pk, newest.pk]
    assert (job.state, job.total, job.taken, job.skipped) == ("done", 2, 2, {"reached": 1})
    assert counts(job) == {"completed": 2}
    assert books_balance()


def test_a_backfilled_delivery_is_as_intake_would_have_made_it_now(rule):
    event = past(rule)
    job = start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)

    feed_now()

    stored = dict(Delivery.objects.values().get())
    expected = {
        "workspace_id": rule.workspace_id,
        "event_id": event.pk,
        "event_name": "page.completed",
        "rule_id": rule.pk,
        "rule_version_id": rule.current_id,
        "connection_id": rule.connection_id,
        "account_id": rule.connection.account_id,
        "action": "add_tag",
        "target_kind": "tag",
        "target_id": "12",
        "email": "alex@example.com",
        "page_id": "crm",
        "trigger": "backfill",
        "priority": 2,
        "asked_by": "rosa",
        "job_id": job.pk,
        "status": "pending",
        "held_reason": "",
        "next_attempt_at": NOW,
    }
    assert {name: stored[name] for name in expected} == expected


@pytest.mark.parametrize(
    "over",
    [
        {"page_id": "other"},
        {"sequence_step": "4"},
        {"event": "page.viewed"},
        {"is_test": True},
        {"erased_at": NOW},
        {"created_at": SINCE - timedelta(minutes=1)},
        {"created_at": UNTIL},
        {"payload": {"email": "no address"}},
    ],
    ids=["page", "step", "event", "test", "erased", "too-old", "too-new", "no-email"],
)
def test_other_events_are_left_alone(rule, over):
    good = past(rule, "good@example.com")
    past(rule, **over)

    run(rule)

    assert backfilled() == [good.pk]


def test_other_workspaces_are_left_alone(rule):
    past(make_rule(page_id="crm", sequence_step="3"))
    good = past(rule)

    run(rule)

    assert backfilled() == [good.pk]


@pytest.mark.parametrize("status", ["completed", "pending", "retrying"])
def test_people_whom_the_rule_has_reached_are_left_alone(rule, status):
    make_delivery(past(rule), rule, status=status)
    past(rule)
    good = past(rule, "good@example.com")

    job = run(rule)

    assert backfilled() == [good.pk]
    assert job.skipped == {"reached": 1}
    assert books_balance()


def test_people_whose_delivery_failed_before_get_one_for_another_event(rule):
    make_delivery(past(rule), rule, status="failed", created_at=SINCE)
    other = past(rule)

    run(rule)

    assert backfilled() == [other.pk]


def test_a_person_whose_backfill_fails_is_not_reached_by_an_older_event(rule, monkeypatch):
    monkeypatch.setattr(backfill_feeding, "SLICE", 1)
    past(rule)
    newest = past(rule)

    run(rule, status="failed")

    assert backfilled() == [newest.pk]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_slices_and_windows_do_not_change_the_result(rule, monkeypatch, size):
    monkeypatch.setattr(backfill_feeding, "SLICE", size)
    monkeypatch.setattr(backfill_feeding, "LOOKED_AT", size)
    monkeypatch.setattr(backfill_feeding, "SCANNED", size)
    monkeypatch.setattr(job_steps, "WIDEST", 1)
    monkeypatch.setattr(job_steps, "WINDOW", 1)
    events = [past(rule, f"{n % 3}@example.com") for n in range(7)]

    run(rule)

    assert backfilled() == [event.pk for event in reversed(events[4:])]
    assert books_balance()


def test_a_second_backfill_finds_nobody(rule):
    past(rule)
    run(rule)

    with pytest.raises(CannotBackfill, match="bring the rule to a new person"):
        start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)

    assert BackgroundJob.objects.count() == 1


def test_the_preview_counts_events_and_people(rule):
    for email in ("a@x.io", "a@x.io", "b@x.io", "c@x.io"):
        past(rule, email)
    past(rule, payload={"email": "no address"})
    make_delivery(past(rule, "c@x.io"), rule, status="completed")

    found = preview(rule, since=SINCE, until=UNTIL)

    assert (found.events, found.people, found.reached, found.no_email) == (5, 2, 1, 1)
    assert not found.estimated
    assert found.load.count == 2


def test_a_preview_of_many_events_is_an_estimate_and_says_so(rule, monkeypatch):
    from deliveries import backfilling

    monkeypatch.setattr(backfilling, "MOST_READ", 2)
    for number in range(6):
        past(rule, f"{number}@x.io")

    found = preview(rule, since=SINCE, until=UNTIL)

    assert (found.events, found.people, found.estimated) == (6, 6, True)


def test_a_held_rule_and_an_inactive_connection_hold_what_is_created(rule):
    past(rule)
    Rule.objects.filter(pk=rule.pk).update(held_reason="tag_not_found")
    start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)

    feed_now()

    assert Delivery.objects.get().held_reason == "tag_not_found"


def test_the_condition_of_now_decides(rule):
    past(rule, page_id="other")
    rule.page_id = "other"
    rule.save()
    append_version(rule)

    job = run(rule)

    assert job.taken == 1
    assert Delivery.objects.get().rule_version_id == rule.current_id


def test_a_rule_that_is_off_makes_its_job_wait(rule):
    past(rule)
    job = start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)
    Rule.objects.filter(pk=rule.pk).update(active=False)

    assert feed_now() == 0
    job.refresh_from_db()
    assert job.state == "running"

    Rule.objects.filter(pk=rule.pk).update(active=True)
    assert feed_now() == 1


def test_a_deleted_rule_ends_its_job(rule):
    past(rule)
    job = start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)
    Rule.objects.filter(pk=rule.pk).update(deleted_at=NOW)

    assert feed_now() == 0

    job.refresh_from_db()
    assert (job.state, job.finished_at, Delivery.objects.count()) == ("canceled", NOW, 0)


def test_canceling_the_job_ends_what_it_created(rule):
    past(rule)
    job = start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)
    feed_now()

    assert cancel(job.pk, by="rosa", now=NOW) == Canceled(canceled=1)

    assert Delivery.objects.get().reason == "canceled_by_person"
    assert books_balance()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"active": False}, "This rule is off. Switch it on"),
        ({"deleted_at": NOW}, "This rule was deleted."),
    ],
)
def test_a_rule_that_acts_no_more_is_refused(rule, change, sentence):
    past(rule)
    Rule.objects.filter(pk=rule.pk).update(**change)
    rule.refresh_from_db()

    with pytest.raises(CannotBackfill, match=sentence):
        start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)

    assert not BackgroundJob.objects.exists()


def test_a_rule_whose_connection_is_gone_is_refused(rule):
    past(rule)
    gone = make_connection(workspace=rule.workspace, deleted_at=NOW)
    Rule.objects.filter(pk=rule.pk).update(connection=gone)

    with pytest.raises(CannotBackfill, match="connection was deleted"):
        preview(Rule.objects.get(pk=rule.pk), since=SINCE, until=UNTIL)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_backfills_of_one_rule_at_once_reach_everybody_once():
    rule = make_rule(page_id="crm", sequence_step="3")
    for number in range(40):
        past(rule, f"{number % 20}@x.io")
    for _ in range(2):
        start(rule, since=SINCE, until=UNTIL, by="rosa", now=NOW)

    at_once(4, lambda: [feed_now() for _ in range(5)])

    emails = list(Delivery.objects.values_list("email", flat=True))
    assert sorted(emails) == sorted({f"{number}@x.io" for number in range(20)})
    assert books_balance()
