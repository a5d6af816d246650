"""Where a period begins and ends among ids that follow the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deliveries.id_bounds import id_after, id_before
from deliveries.models import Event
from tests.builders import make_event, make_workspace

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
NO_SLACK = timedelta(0)


@pytest.fixture
def hourly() -> list[Event]:
    """An event every hour, sixty-four of them."""
    workspace = make_workspace()
    return [make_event(workspace=workspace, created_at=BEGAN + HOUR * n) for n in range(64)]


def test_a_period_lies_between_its_ids(hourly: list[Event]) -> None:
    rows = Event.objects.all()

    assert id_before(rows, BEGAN + HOUR * 20, slack=NO_SLACK) == hourly[19].pk
    assert id_after(rows, BEGAN + HOUR * 30, slack=NO_SLACK) == hourly[29].pk


@pytest.mark.parametrize("hour", [0, 1, 20, 63, 64])
def test_a_near_bound_leaves_no_row_of_the_period_out(hourly: list[Event], hour: int) -> None:
    rows, moment = Event.objects.all(), BEGAN + HOUR * hour

    below = id_before(rows, moment, slack=NO_SLACK, near=HOUR * 9)
    above = id_after(rows, moment, slack=NO_SLACK, near=HOUR * 9)

    assert not rows.filter(pk__lte=below, created_at__gte=moment).exists()
    assert not rows.filter(pk__gt=above, created_at__lt=moment).exists()
    assert above - below <= 9


def test_a_near_bound_is_found_in_fewer_steps(hourly: list[Event]) -> None:
    def steps(**near: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            id_before(Event.objects.all(), BEGAN + HOUR * 20, slack=NO_SLACK, **near)
        return len(queries)

    assert steps(near=HOUR * 9) < steps()
