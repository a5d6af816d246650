"""Starting, pausing, resuming and canceling a job, and what becomes of its deliveries."""

from __future__ import annotations

from typing import Any

import pytest

from deliveries.background_jobs import JobOver, NothingToReplay, cancel, counts, pause, resume
from deliveries.canceling import Canceled, cancel_delivery
from deliveries.models import BackgroundJob, Delivery
from rules.models import Rule
from tests.builders import make_rule
from tests.deliveries.replays import NOW, end, end_all, ended, feed_now, fresh, row, run, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db) -> Rule:
    return make_rule()


def test_a_paused_job_stands_still_and_goes_on(rule, narrow):
    chosen = [ended(rule, f"{n}@x.io") for n in range(4)]
    job = start(rule.workspace)
    feed_now()
    end(chosen[0])

    assert pause(job.pk, now=NOW) == 1
    assert feed_now() == 0
    states = [(row(each)["status"], row(each)["held_reason"]) for each in chosen]
    assert states == [("completed", ""), ("pending", "job_paused"), ("failed", ""), ("failed", "")]
    assert counts(job) == {"completed": 1, "held": 1}

    assert resume(job.pk, now=NOW) == 1
    assert (row(chosen[1])["held_reason"], row(chosen[1])["held_at"]) == ("", None)
    run(job)
    assert fresh(job).taken == 4


def test_resuming_leaves_held_what_waits_for_a_person(rule):
    chosen = ended(rule)
    job = start(rule.workspace)
    feed_now()
    pause(job.pk, now=NOW)
    type(rule.connection).objects.filter(pk=rule.connection_id).update(active=False)

    assert resume(job.pk, now=NOW) == 0

    assert row(chosen)["held_reason"] == "connection_inactive"


def test_pausing_leaves_alone_what_has_begun(rule):
    chosen = ended(rule)
    job = start(rule.workspace)
    feed_now()
    Delivery.objects.filter(pk=chosen.pk).update(status="retrying", run_attempts=1)

    assert pause(job.pk, now=NOW) == 0
    assert row(chosen)["held_reason"] == ""


def test_a_canceled_job_puts_back_what_has_not_begun(rule, narrow):
    chosen = [ended(rule, f"{n}@x.io") for n in range(4)]
    job = start(rule.workspace)
    feed_now()
    end(chosen[0])

    assert cancel(job.pk, by="rosa", now=NOW) == Canceled(restored=1)
    assert feed_now() == 0

    assert [row(each)["status"] for each in chosen] == ["completed", "failed", "failed", "failed"]
    assert (fresh(job).state, fresh(job).finished_at) == ("canceled", NOW)


def test_a_job_paused_and_then_canceled_puts_everything_back(rule):
    chosen = ended(rule)
    job = start(rule.workspace)
    feed_now()
    pause(job.pk, now=NOW)

    cancel(job.pk, by="rosa", now=NOW)

    assert (row(chosen)["status"], row(chosen)["held_reason"]) == ("failed", "")


def test_one_delivery_of_a_job_can_be_canceled(rule):
    chosen = [ended(rule, f"{n}@x.io") for n in range(2)]
    job = start(rule.workspace)
    feed_now()

    assert cancel_delivery(chosen[0].pk, by="rosa", now=NOW) == "restored"
    end_all(job)
    run(job)

    assert (fresh(job).state, counts(job)) == ("done", {"completed": 1})


@pytest.mark.parametrize(
    ("state", "verb"),
    [("running", "resume"), ("paused", "pause"), ("done", "pause"), ("done", "resume"),
     ("done", "cancel"), ("canceled", "cancel")],
)  # fmt: skip
def test_a_job_in_another_state_is_not_switched(rule, state, verb):
    chosen = ended(rule)
    job = start(rule.workspace)
    feed_now()
    BackgroundJob.objects.filter(pk=job.pk).update(state=state)
    before = row(chosen)
    verbs: dict[str, Any] = {
        "pause": lambda: pause(job.pk, now=NOW),
        "resume": lambda: resume(job.pk, now=NOW),
        "cancel": lambda: cancel(job.pk, by="rosa", now=NOW),
    }

    with pytest.raises(JobOver, match="another state by now"):
        verbs[verb]()

    assert (fresh(job).state, row(chosen)) == (state, before)


def test_a_job_that_could_replay_nothing_is_not_started(rule):
    ended(rule, status="pending", completed_at=None)

    with pytest.raises(NothingToReplay):
        start(rule.workspace, {})

    assert not BackgroundJob.objects.exists()
