"""History of another day: events with deliveries and attempts that are as old as you say."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.utils import timezone

from deliveries import retention
from deliveries.models import Attempt, Delivery, Event, Rollup
from rules.models import Rule
from tests.builders import make_attempt, make_delivery, make_event

KEPT_DAYS = 90


def old_event(rule: Rule | None = None, *, days: float = 91, **over: Any) -> Event:
    """An event received so many days ago, with a completed delivery of the rule if there is one."""
    then = timezone.now() - timedelta(days=days)
    about = {"workspace": rule.workspace} if rule else {}
    event = make_event(created_at=then, **about)
    if rule is not None:
        given = {"status": "completed", "completed_at": then, "created_at": then, **over}
        delivery = make_delivery(event, rule, **given)
        if given["status"] == "completed":
            Delivery.objects.filter(pk=delivery.pk).update(applied_id=make_attempt(delivery).pk)
        event.refresh_from_db()
    return event


def remove_now() -> int:
    """How many events retention removes when it has all the time it wants."""
    retention.start_over()
    return retention.remove_old(timezone.now(), until=time.monotonic() + 30)


def rows_left() -> tuple[int, int, int]:
    """How many events, deliveries and attempts there are."""
    return Event.objects.count(), Delivery.objects.count(), Attempt.objects.count()


def counted(measure: str, **over: Any) -> int:
    """What the hourly counts of the measure come to."""
    return sum(Rollup.objects.filter(measure=measure, **over).values_list("count", flat=True))
