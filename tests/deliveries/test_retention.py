"""History older than the setting goes, whole or not at all, and its counts stay."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from deliveries import retention
from deliveries.books import recount
from deliveries.models import (
    Alert,
    BackgroundJob,
    BooksCheck,
    Delivery,
    Event,
    Rollup,
)
from deliveries.tidying import remove_by_the_way
from tests.builders import make_rule, make_workspace
from tests.deliveries.olden import counted, old_event, remove_now, rows_left
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def stride(monkeypatch: pytest.MonkeyPatch, **over: int) -> None:
    """Let retention do less at once."""
    shorter = replace(retention.STRIDES[connection.vendor], **over)
    monkeypatch.setitem(retention.STRIDES, connection.vendor, shorter)


def test_an_old_event_goes_with_all_that_belongs_to_it_and_a_younger_one_stays():
    rule = make_rule()
    old_event(rule)
    old_event()
    young = old_event(rule, days=89)

    removed = remove_now()

    assert removed == 2
    assert rows_left() == (1, 1, 1)
    assert Event.objects.get() == young


@pytest.mark.parametrize("status", ["pending", "retrying", "processing", "held"])
def test_an_event_with_an_unfinished_delivery_stays_whole(status):
    rule = make_rule()
    over = {"held": {"status": "pending", "held_reason": "tag_not_found"}}
    leased = {"lease_token": make_workspace().pk, "lease_until": timezone.now()}
    over["processing"] = {"status": "processing", **leased}
    event = old_event(rule, **over.get(status, {"status": status}))
    old_event(make_rule())

    assert remove_now() == 1
    assert rows_left() == (1, 1, 0)
    assert Event.objects.get() == event


def test_what_an_open_job_set_going_stays_until_the_job_has_ended():
    rule = make_rule()
    job = BackgroundJob.objects.create(
        kind="replay", workspace=rule.workspace, asked_by="kim", last_id=1
    )
    old_event(rule, job=job)

    assert remove_now() == 0
    BackgroundJob.objects.update(state="done")
    assert remove_now() == 1


@pytest.mark.parametrize("days", [0, -1])
def test_without_a_number_of_days_history_is_kept_for_ever(settings, days):
    settings.DELIVERY_RETENTION_DAYS = days
    old_event(make_rule(), days=4000)

    assert remove_now() == 0
    assert rows_left() == (1, 1, 1)


def test_what_was_removed_is_counted_by_the_hour_and_by_the_rule():
    rule, other = make_rule(), make_rule()
    moment = timezone.now() - timedelta(days=100)
    for each, status in ((rule, "completed"), (rule, "failed"), (other, "canceled")):
        old_event(each, days=100, status=status)
    old_event(days=100)

    remove_now()

    assert counted("removed.accepted") == 4
    assert (counted("removed.matched"), counted("removed.unmatched")) == (3, 1)
    assert counted("removed.deliveries", rule_key=str(rule.pk)) == 2
    assert counted("removed.completed", rule_key=str(rule.pk)) == 1
    assert counted("removed.failed", rule_key=str(rule.pk)) == 1
    assert counted("removed.canceled", rule_key=str(other.pk)) == 1
    hours = set(Rollup.objects.values_list("hour", flat=True))
    assert all(moment - timedelta(hours=2) < hour <= timezone.now() for hour in hours)


def test_slices_add_to_the_counts_of_earlier_ones(monkeypatch):
    stride(monkeypatch, deliveries=1)
    rule = make_rule()
    for _ in range(3):
        old_event(rule)

    assert remove_now() == 3
    assert counted("removed.completed") == 3
    assert recount().figures["ever.deliveries"] == 3


def test_events_that_stay_do_not_keep_younger_ones_from_going(monkeypatch):
    stride(monkeypatch, events=1)
    rule = make_rule()
    staying = [old_event(rule, status="pending") for _ in range(2)]
    for _ in range(3):
        old_event(rule)

    assert remove_now() == 3
    assert list(Event.objects.order_by("pk")) == staying


def test_what_stayed_is_looked_at_again_only_after_a_while():
    staying = old_event(make_rule(), status="pending")
    assert remove_now() == 0
    Delivery.objects.update(status="failed")

    assert retention.remove_old(timezone.now(), until=time.monotonic() + 9) == 0
    assert remove_now() == 1
    assert not Event.objects.filter(pk=staying.pk).exists()


def test_no_slice_begins_after_its_time():
    old_event(make_rule())
    retention.start_over()

    assert retention.remove_old(timezone.now(), until=time.monotonic() - 1) == 0
    assert rows_left() == (1, 1, 1)


def test_a_failed_removal_leaves_rows_and_counts_as_they_were():
    old_event(make_rule())

    def refuse(execute, sql, params, many, context):
        if sql.startswith("DELETE FROM deliveries_event"):
            raise RuntimeError("crash")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), pytest.raises(RuntimeError, match="crash"):
        remove_now()

    assert rows_left() == (1, 1, 1)
    assert not Rollup.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_processes_remove_and_count_each_event_once():
    rule = make_rule()
    for _ in range(20):
        old_event(rule)
    retention.start_over()
    moment, until = timezone.now(), time.monotonic() + 20

    removed = at_once(2, lambda: retention.remove_old(moment, until=until))

    assert sum(removed) == 20
    assert rows_left() == (0, 0, 0)
    assert (counted("removed.accepted"), counted("removed.completed")) == (20, 20)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_being_replayed_is_passed_over_and_nothing_waits():
    event = old_event(make_rule())
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT id FROM deliveries_delivery FOR UPDATE")
            assert remove_now() == 0
            cursor.execute("ROLLBACK")
    finally:
        other.close()

    assert Event.objects.get() == event
    assert remove_now() == 1


def test_a_job_goes_when_nothing_points_to_it_any_more():
    rule, old = make_rule(), timezone.now() - timedelta(days=91)
    given = {"kind": "replay", "workspace": rule.workspace, "asked_by": "kim", "last_id": 1}
    named = BackgroundJob.objects.create(**given, state="done", finished_at=old)
    BackgroundJob.objects.create(**given, state="done", finished_at=old)
    BackgroundJob.objects.create(**given, state="running", created_at=old)
    old_event(rule, days=1, job=named)

    assert remove_by_the_way(timezone.now(), until=time.monotonic() + 9) == 1
    assert set(BackgroundJob.objects.values_list("state", flat=True)) == {"running", "done"}
    assert Delivery.objects.get().job == named


def test_alerts_that_are_over_and_old_recounts_go_and_open_alerts_stay():
    workspace, old = make_workspace(), timezone.now() - timedelta(days=91)
    given = {"workspace": workspace, "kind": "failures", "raised_at": old, "last_at": old}
    Alert.objects.create(**given, key="over", resolved_at=old)
    still_open = Alert.objects.create(**given, key="open")
    BooksCheck.objects.create(checked_at=old, balanced=True, figures={})
    young = BooksCheck.objects.create(checked_at=timezone.now(), balanced=True, figures={})

    assert remove_by_the_way(timezone.now(), until=time.monotonic() + 9) == 2
    assert (Alert.objects.get(), BooksCheck.objects.get()) == (still_open, young)


def test_recounts_go_although_history_is_kept_for_ever(settings):
    settings.DELIVERY_RETENTION_DAYS = 0
    old = timezone.now() - timedelta(days=91)
    BooksCheck.objects.create(checked_at=old, balanced=True, figures={})
    given = {"kind": "failures", "raised_at": old, "last_at": old, "resolved_at": old}
    Alert.objects.create(workspace=make_workspace(), key="over", **given)

    assert remove_by_the_way(timezone.now(), until=time.monotonic() + 9) == 1
    assert (Alert.objects.count(), BooksCheck.objects.count()) == (1, 0)


@pytest.mark.postgres
@pytest.mark.parametrize("table", ["event", "delivery", "attempt"])
def test_the_server_clears_a_table_of_history_when_a_twentieth_is_dead(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reloptions FROM pg_class WHERE relname = %s", [f"deliveries_{table}"]
        )
        (options,) = cursor.fetchone()

    assert "autovacuum_vacuum_scale_factor=0.05" in options
