"""A job sets every selected delivery going once, a window at a time, account by account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import job_steps
from deliveries.background_jobs import counts
from deliveries.models import BackgroundJob, Delivery
from rules.mapping import generated_schema
from rules.models import Rule
from tests.builders import append_version, make_account, make_connection, make_mapping, make_rule
from tests.deliveries.replays import (
    NOW,
    end,
    end_all,
    ended,
    feed_now,
    fresh,
    replay_now,
    row,
    run,
    start,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db) -> Rule:
    return make_rule()


def test_each_selected_delivery_is_set_going_once_in_order(rule, narrow):
    chosen = [ended(rule, f"{n}@x.io") for n in range(5)]
    done = ended(rule, status="completed")
    job = start(rule.workspace, insist=True)
    later = ended(rule)

    assert feed_now() == 2
    assert [row(each)["status"] for each in chosen] == ["pending"] * 2 + ["failed"] * 3
    assert run(job) == [0, 2, 1, 0]

    job = fresh(job)
    assert (job.state, job.total, job.taken, job.skipped) == ("done", 5, 5, {})
    assert job.finished_at == NOW
    assert [row(each)["job_id"] for each in chosen] == [job.pk] * 5
    assert {row(each)["job_id"] for each in (done, later)} == {None}
    assert {row(each)["insist"] for each in chosen} == {True}
    assert {row(each)["asked_by"] for each in chosen} == {"rosa"}
    assert counts(job) == {"completed": 5}


def test_a_delivery_that_fails_again_is_not_taken_twice(rule, narrow):
    for number in range(3):
        ended(rule, f"{number}@x.io")
    job = start(rule.workspace)

    taken = []
    while fresh(job).state == "running":
        taken.append(feed_now())
        end_all(job, status="failed")

    assert taken == [2, 1, 0]
    assert counts(job) == {"failed": 3}


def test_a_full_account_keeps_no_other_one_waiting(rule, narrow):
    other = make_rule(
        connection=make_connection(account=make_account(key="other"), workspace=rule.workspace)
    )
    slow = [ended(rule, f"{n}@slow.io") for n in range(4)]
    quick = [ended(other, f"{n}@quick.io") for n in range(6)]
    start(rule.workspace)

    feed_now()
    for _ in range(3):
        end(*Delivery.objects.filter(pk__in=[each.pk for each in quick], status="pending"))
        feed_now()

    assert [row(each)["status"] for each in slow] == ["pending", "pending", "failed", "failed"]
    assert {row(each)["status"] for each in quick} == {"completed"}


def test_what_moves_to_one_account_does_not_flood_it(rule, narrow):
    target = make_connection(workspace=rule.workspace, account=make_account(key="target"))
    for number in range(6):
        ended(rule, f"{number}@x.io")
    rule.connection = target
    rule.save()
    append_version(rule)
    start(rule.workspace, basis="now")

    assert [feed_now(), feed_now()] == [2, 0]
    assert Delivery.objects.filter(account=target.account, status="pending").count() == 2


def test_what_cannot_be_replayed_is_counted_by_cause(rule):
    chosen = [ended(rule, f"{n}@x.io") for n in range(4)]
    job = start(rule.workspace)
    Delivery.objects.filter(pk=chosen[0].pk).update(email="")
    type(chosen[1].event).objects.filter(pk=chosen[1].event_id).update(erased_at=NOW)
    replay_now(chosen[2])

    run(job)

    job = fresh(job)
    assert (job.taken, job.skipped) == (1, {"no_email": 1, "erased": 1, "changed": 1})
    assert row(chosen[3])["job_id"] == job.pk
    assert row(chosen[2])["job_id"] is None


def test_as_it_is_now_skips_whom_the_mapping_does_not_find(rule):
    chosen = ended(rule, event={"payload": {"work_email": "a@work.example"}})
    lost = ended(rule, "lost@x.io")
    schema = generated_schema()
    schema["fields"][0]["source"]["value"] = "work_email"
    make_mapping(rule.connection, schema=schema)
    append_version(rule)
    job = start(rule.workspace, basis="now")

    run(job)

    assert fresh(job).skipped == {"no_email_now": 1}
    assert row(chosen)["email"] == "a@work.example"
    assert row(lost)["status"] == "failed"


def test_rare_rows_are_found_slice_by_slice(rule, monkeypatch):
    from deliveries import replay_feeding

    monkeypatch.setattr(replay_feeding, "SLICE", 3)
    rows = [
        ended(rule, f"{n}@x.io", status="failed" if n in (0, 7) else "completed") for n in range(9)
    ]
    job = start(rule.workspace)

    run(job)

    assert (fresh(job).state, fresh(job).taken) == ("done", 2)
    assert [row(each)["job_id"] for each in rows if row(each)["job_id"]] == [job.pk] * 2


def test_other_workspaces_are_not_touched(rule):
    theirs = ended(make_rule())
    ended(rule)

    run(start(rule.workspace, {}))

    assert row(theirs)["status"] == "failed"


def test_a_job_whose_email_was_blanked_selects_nothing_any_more(rule, narrow):
    chosen = [ended(rule, "alex@x.io") for _ in range(3)]
    job = start(rule.workspace, {"email": "alex@x.io"})
    feed_now()
    BackgroundJob.objects.filter(pk=job.pk).update(selection={"email": ""})
    other = ended(rule, "other@x.io")

    run(job)

    assert [row(each)["status"] for each in chosen] == ["completed", "completed", "failed"]
    assert row(other)["status"] == "failed"
    assert fresh(job).state == "done"


def test_a_job_in_another_hand_is_left_to_it_until_its_lease_ends(rule):
    ended(rule)
    job = start(rule.workspace)
    jobs = BackgroundJob.objects.filter(pk=job.pk)
    jobs.update(lease_until=timezone.now() + timedelta(seconds=5))
    assert feed_now() == 0

    jobs.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert feed_now() == 1
    assert fresh(job).lease_until is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_feeders_at_once_take_each_delivery_once(monkeypatch):
    monkeypatch.setattr(job_steps, "WINDOW", 1_000)
    monkeypatch.setattr(job_steps, "WIDEST", 1_000)
    rule = make_rule()
    for number in range(60):
        ended(rule, f"{number}@x.io")
    jobs = [start(rule.workspace), start(rule.workspace)]

    def feed_often() -> int:
        return sum(feed_now() for _ in range(10))

    assert sum(at_once(4, feed_often)) == 60
    taken = [fresh(job).taken for job in jobs]
    assert sum(taken) == 60
    by_job = [Delivery.objects.filter(job=job, status="pending").count() for job in jobs]
    assert by_job == taken
