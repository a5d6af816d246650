"""The worker as a real program: delivers, ends in order, survives what kills its parts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from uuid import uuid4

import pytest
import redis
from django.utils import timezone
from django_q.models import Schedule

from connections.models import Account
from deliveries import beats
from deliveries.models import Attempt, Delivery, WorkerBeat
from meshes.supervisor import patience_s
from tests.deliveries.scenes import EMAIL, calls, due, let_lease_run_out, tag_rule
from tests.workers import ROOT, Worker, alive, children_of, descendants_of, running, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def status_of(delivery: Delivery) -> str:
    return Delivery.objects.get(pk=delivery.pk).status


def check_nothing_is_left(worker: Worker) -> None:
    assert Delivery.objects.filter(status="processing").count() == 0
    assert Attempt.objects.filter(outcome="").count() == 0
    assert WorkerBeat.objects.filter(kind="supervisor").count() == 0
    assert beats.alive("pump") == 0
    assert worker.said().splitlines()[-1] == "Worker stopped."


@pytest.mark.parametrize("whole_group", [False, True], ids=["alone", "group"])
def test_a_worker_delivers_and_finishes_what_it_has_in_hand_when_asked_to_end(
    sandbox, database_url, tmp_path, whole_group
):
    rule = tag_rule(sandbox)
    with running(tmp_path / "log", DATABASE_URL=database_url) as worker:
        first = due(rule)
        wait_for(lambda: status_of(first) == "completed")
        sandbox.faults.set("latency", seconds=1.5, count=1)
        second = due(rule, "second@x.io")
        wait_for(lambda: len(sandbox.state.requests) == 3)

        send = worker.signal_group if whole_group else worker.signal
        send(signal.SIGTERM)

        assert worker.wait() == 0
        assert status_of(second) == "completed"
        assert sandbox.state.tags_of("second@x.io") == ["step-3-complete"]
        check_nothing_is_left(worker)


def test_killed_processes_of_the_pool_stop_no_delivery_for_long(sandbox, database_url, tmp_path):
    """The idle one dies with the lock of django-q2's queue, which then stands still."""
    rule = tag_rule(sandbox)
    Schedule.objects.all().delete()  # so that the other process is idle
    with running(tmp_path / "log", DATABASE_URL=database_url) as worker:
        sandbox.faults.set("hang", seconds=30.0, count=1)
        delivery = due(rule)
        wait_for(lambda: sandbox.state.requests)
        time.sleep(2)  # until the other process has done what it took, and holds the lock again

        for pid in worker.pool():
            os.kill(pid, signal.SIGKILL)
        let_lease_run_out(delivery)
        a_minute_ago = timezone.now() - timedelta(minutes=1)
        WorkerBeat.objects.filter(kind="pump").update(beat_at=a_minute_ago)
        Account.objects.update(lease_until=a_minute_ago)

        wait_for(lambda: status_of(delivery) == "completed", within_s=120)
        assert "The cluster stands still; replacing it." in worker.said()
        outcomes = [(a.outcome, a.reason) for a in delivery.attempts.order_by("number")]
        assert outcomes == [("internal_error", "worker_lost"), ("delivered", "")]
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
        check_nothing_is_left(worker)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_what_a_standing_cluster_has_in_hand_is_picked_up_before_another_one_comes(
    sandbox, database_url, tmp_path
):
    rule = tag_rule(sandbox)
    with running(tmp_path / "log", DATABASE_URL=database_url) as worker:
        sandbox.faults.set("hang", seconds=30.0, count=1)
        delivery = due(rule)
        wait_for(lambda: sandbox.state.requests)

        os.killpg(children_of(worker.process.pid)[0], signal.SIGSTOP)
        let_lease_run_out(delivery)

        wait_for(lambda: status_of(delivery) == "retrying", within_s=10)
        assert "replacing it" not in worker.said()
        attempt = delivery.attempts.get()
        assert (attempt.outcome, attempt.reason) == ("internal_error", "worker_lost")


def test_a_killed_supervisor_leaves_no_cluster_behind(sandbox, database_url, tmp_path):
    with running(tmp_path / "log", DATABASE_URL=database_url) as worker:
        cluster = children_of(worker.process.pid)[0]
        family = [cluster, *descendants_of(cluster)]

        worker.signal(signal.SIGKILL)
        silent = timezone.now() - timedelta(seconds=beats.ORPHANED_S)
        WorkerBeat.objects.filter(kind="supervisor").update(beat_at=silent)

        wait_for(lambda: not any(map(alive, family)), within_s=60)


@pytest.mark.redis
def test_two_workers_with_redis_have_a_pump_each_and_deliver(
    sandbox, database_url, redis_url, tmp_path
):
    redis.Redis.from_url(redis_url).flushdb()
    rule, given = tag_rule(sandbox), {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    one, other = tmp_path / "one", tmp_path / "other"
    with running(one, **given) as first, running(other, **given) as second:
        deliveries = [due(rule, EMAIL) for _ in range(4)]

        wait_for(lambda: all(status_of(each) == "completed" for each in deliveries))

        pumps = WorkerBeat.objects.filter(kind="pump", stopping=False)
        assert len(set(pumps.values_list("worker", flat=True))) == 2
        assert calls(sandbox) == ["POST contact/sync", *["POST contactTags"] * 4]
        for worker in (first, second):
            worker.signal(signal.SIGTERM)
        assert [first.wait(), second.wait()] == [0, 0]
        check_nothing_is_left(first)


def test_a_plain_cluster_delivers_and_picks_up_what_a_dead_worker_left(
    sandbox, database_url, tmp_path
):
    rule = tag_rule(sandbox)
    # Tests that empty the tables take the migrations' schedules with them.
    Schedule.objects.all().delete()
    Schedule.objects.create(func="deliveries.tasks.keep_house", schedule_type="I", minutes=1)
    with running(tmp_path / "log", command="qcluster", DATABASE_URL=database_url) as cluster:
        first = due(rule)
        wait_for(lambda: status_of(first) == "completed")
        lost = due(rule, status="processing", lease_token=uuid4(), lease_until=timezone.now())

        wait_for(lambda: status_of(lost) == "completed")

        assert cluster.process.poll() is None


def test_a_worker_outlives_a_queue_that_does_not_answer(database_url, tmp_path):
    worker = Worker(tmp_path / "log", DATABASE_URL=database_url, REDIS_URL="redis://127.0.0.1:1/0")
    try:
        wait_for(lambda: "database_or_queue_unavailable" in worker.said())
        assert worker.process.poll() is None

        worker.signal(signal.SIGTERM)

        assert worker.wait() == 0
        assert WorkerBeat.objects.count() == 0
    finally:
        worker.end()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "sqlite:///{folder}/empty.sqlite3",
            "The database is not up to date. Run `manage.py migrate` first.",
        ),
        (
            "postgres://nobody@127.0.0.1:1/nothing",
            "The database does not answer. Start it or correct DATABASE_URL.",
        ),
    ],
    ids=["not migrated", "unreachable"],
)
def test_a_worker_says_in_a_sentence_why_it_cannot_start(tmp_path, url, sentence):
    environment = {"DATABASE_URL": url.format(folder=tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "meshes.settings"

    ended = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "worker"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"CommandError: {sentence}\n"


@pytest.mark.parametrize(
    ("workers", "fruitless", "seconds"),
    [(1, 0, 18.5), (4, 0, 29.0), (1, 1, 37.0), (1, 2, 50.0), (20, 0, 50.0), (1, 5000, 50.0)],
)
def test_a_machine_that_is_slow_to_start_a_cluster_gets_more_time(workers, fruitless, seconds):
    assert patience_s(workers, fruitless) == seconds
