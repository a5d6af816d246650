"""The few tasks that django-q2 runs, taken from its real queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from connections.models import Connection
from deliveries import beats, erasing, pump, tasks
from deliveries.models import Alert, BooksCheck, Event, IdempotencyKey, Rollup, WorkerBeat
from rules.saving import hold_rule
from tests.builders import make_catalog_entry, make_connection, make_rule
from tests.deliveries.scenes import EMAIL, connect, due, tag_rule

pytestmark = pytest.mark.django_db


def queued() -> list[str]:
    return [row.task["func"] for row in OrmQ.objects.order_by("id")]


def test_a_task_carries_no_arguments_and_is_never_repeated_by_the_queue():
    tasks.enqueue("pump")

    task = OrmQ.objects.get().task
    assert (task["func"], task["args"], task["kwargs"]) == ("deliveries.tasks.pump", (), {})
    assert task["ack_failure"] is True


@pytest.mark.parametrize(("hops", "passed_on"), [(3, [(2,)]), (0, [])])
def test_a_worker_with_a_pump_passes_on_what_another_one_needs(monkeypatch, hops, passed_on):
    beats.start("pump")
    monkeypatch.setenv(beats.WORKER_VARIABLE, "worker-2")
    beats.start("supervisor")
    monkeypatch.delenv(beats.WORKER_VARIABLE)

    tasks.pump(hops)

    assert [row.task["args"] for row in OrmQ.objects.all()] == passed_on


def test_a_message_that_nobody_needs_ends(monkeypatch):
    for worker in ("", "worker-2"):
        monkeypatch.setenv(beats.WORKER_VARIABLE, worker)
        beats.start("supervisor")
        beats.start("pump")

    tasks.pump()

    assert queued() == []


@pytest.mark.parametrize("task", ["keep_house", "keep_history"])
def test_housekeeping_is_scheduled_every_minute(task):
    row = Schedule.objects.get(func=f"deliveries.tasks.{task}")

    assert (row.schedule_type, row.minutes, row.repeats) == ("I", 1, -1)


def test_housekeeping_brings_a_missing_pump_back():
    tasks.keep_house()

    assert queued() == ["deliveries.tasks.pump"]


def test_housekeeping_leaves_a_living_pump_alone():
    beats.start("pump")

    tasks.keep_house()

    assert queued() == []


def test_housekeeping_ends_what_a_deleted_rule_left_and_forgets_the_dead():
    rule = make_rule()
    delivery = due(rule)
    rule.deleted_at = timezone.now()
    rule.save()
    beats.start("pump")
    WorkerBeat.objects.update(beat_at=timezone.now() - timedelta(days=2))

    tasks.keep_house()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("canceled", "rule_deleted")
    assert WorkerBeat.objects.count() == 0


def test_housekeeping_asks_refused_credentials_again(sandbox):
    connection = connect(sandbox, active=False, inactive_reason="authentication_invalid")
    connection.account.next_probe_at = timezone.now() - timedelta(seconds=1)
    connection.account.save()

    tasks.keep_house()

    assert Connection.objects.get(pk=connection.pk).active


@pytest.mark.django_db(transaction=True)
def test_a_pump_from_the_queue_delivers_and_leaves_its_successor_there(
    sandbox, drain_queue, monkeypatch
):
    monkeypatch.setattr(pump, "RUN_S", 1.0)
    delivery = due(tag_rule(sandbox))
    tasks.enqueue("pump")

    assert drain_queue(limit=1) == 1

    delivery.refresh_from_db()
    assert delivery.status == "completed"
    assert sandbox.state.tags_of(EMAIL) == ["step-3-complete"]
    assert queued() == ["deliveries.tasks.pump"]


def test_the_history_is_counted_checked_and_shortened(settings):
    settings.DELIVERY_RETENTION_DAYS = 30
    now = timezone.now()
    long_ago = now - timedelta(days=31)
    gone = due(make_rule(), status="completed", created_at=long_ago)
    Event.objects.filter(pk=gone.event_id).update(created_at=long_ago)
    kept = due(make_rule(), status="completed")
    IdempotencyKey.objects.create(
        workspace=kept.workspace, key="old", path="/", body_hash="", status=201, answer={},
        created_at=now - timedelta(days=2),
    )  # fmt: skip

    tasks.keep_history()

    assert list(Event.objects.values_list("pk", flat=True)) == [kept.event_id]
    assert IdempotencyKey.objects.count() == 0
    assert BooksCheck.objects.get().balanced is False  # completed without any attempt
    assert Rollup.objects.filter(measure="removed.accepted").get().count == 1
    assert Rollup.objects.filter(measure="accepted").get().count == 1


def test_housekeeping_releases_a_rule_whose_target_came_back_and_tells_people():
    rule = make_rule(target_id="12")
    make_catalog_entry(rule.connection.account, external_id="12", label=rule.target_label)
    hold_rule(rule, reason="tag_not_found", by="system", now=timezone.now())
    make_connection(active=False, inactive_reason="authentication_invalid")

    tasks.keep_house()

    rule.refresh_from_db()
    assert rule.held_reason == ""
    assert list(Alert.objects.values_list("kind", flat=True)) == ["connection_inactive"]


def test_a_person_is_erased_by_the_housekeeping():
    delivery = due(make_rule(), status="completed")
    erasure = erasing.ask(EMAIL, workspace=delivery.workspace, by="ada", now=timezone.now())

    for _ in range(3):
        tasks.keep_history()

    erasure.refresh_from_db()
    assert (erasure.state, bool(erasure.email)) == ("done", False)
    event = Event.objects.get()
    assert (event.email, event.payload, event.erased_at is None) == ("", {}, False)
