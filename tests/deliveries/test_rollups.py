"""Hourly counts tell what is there, however often it is counted again."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import rollups
from deliveries.models import Delivery, Rollup
from tests.builders import make_delivery, make_event, make_rule
from tests.deliveries.olden import counted, old_event, remove_now
from tests.threads import at_once

pytestmark = pytest.mark.django_db
CRM = {"page_id": "crm", "sequence_step": "3", "resource_id": "r1"}


def count(kept_since=None) -> int:
    """How many hours are counted again now."""
    until = time.monotonic() + 20
    return rollups.count_hours(timezone.now(), until=until, kept_since=kept_since)


def matched_event(rule, **over):
    """An event with a delivery of the rule."""
    return make_delivery(make_event(workspace=rule.workspace, **over), rule)


def test_an_hour_is_counted_by_what_rules_can_ask_for():
    rule = make_rule()
    matched_event(rule, **CRM)
    make_event(workspace=rule.workspace)

    count()

    assert counted("accepted", workspace=rule.workspace) == 2
    assert (counted("matched", **CRM), counted("unmatched", **CRM)) == (1, 0)
    assert (counted("matched", page_id=""), counted("unmatched", page_id="")) == (0, 1)
    assert counted("deliveries.pending", rule_key=str(rule.pk), **CRM) == 1


def test_counting_again_replaces_what_was_counted_before():
    rule = make_rule()
    delivery = matched_event(rule)
    count()
    Delivery.objects.filter(pk=delivery.pk).update(status="completed")

    count()
    count()

    assert counted("accepted") == 1
    assert (counted("deliveries.pending"), counted("deliveries.completed")) == (0, 1)


def test_the_last_hour_is_counted_and_nothing_of_the_hours_before():
    now = timezone.now()
    for hours in (0, 1, 3):
        make_event(created_at=now - timedelta(hours=hours))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rollups, "OLDER_HOURS", 1)
        assert count() == 3

    hour = rollups.hour_of(now)
    counted_hours = set(Rollup.objects.values_list("hour", flat=True))
    assert counted_hours == {hour, hour - timedelta(hours=1)}


def test_each_minute_another_older_hour_has_its_turn(clock):
    make_event(created_at=timezone.now() - timedelta(hours=50, minutes=10))

    for _ in range(rollups.OLDER_HOURS):
        count()
        clock.shift(60)

    assert counted("accepted") == 1


def test_an_hour_from_which_rows_may_be_gone_keeps_its_counts():
    rule = make_rule()
    matched_event(rule)
    count()
    Delivery.objects.all().delete()

    assert count(kept_since=timezone.now() + timedelta(hours=2)) == 0
    assert counted("deliveries.pending") == 1


def test_counting_again_leaves_what_was_removed_alone():
    rule = make_rule()
    old_event(rule)
    remove_now()

    count()

    assert (counted("removed.accepted"), counted("removed.completed")) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_count_at_once_count_the_same():
    rule = make_rule()
    for _ in range(5):
        matched_event(rule)

    assert at_once(2, count) == [3, 3]
    assert counted("accepted") == 5
