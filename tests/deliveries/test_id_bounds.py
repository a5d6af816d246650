"""Where a period begins and ends among ids that follow the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deliveries import id_bounds
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


def steps(moment: datetime, **near: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        id_before(Event.objects.all(), moment, slack=NO_SLACK, **near)
    return len(queries)


@pytest.mark.parametrize("hour", [1, 20, 63])
def test_an_even_history_is_found_at_once(hourly: list[Event], hour: int) -> None:
    assert steps(BEGAN + HOUR * hour) <= 6
    assert steps(BEGAN + HOUR * hour, near=HOUR * 9) <= 4


@pytest.fixture(params=["crowd first", "crowd last", "two crowds"])
def uneven(request: pytest.FixtureRequest) -> list[Event]:
    """Sixty events within minutes and a few over weeks."""
    minutes = [*range(0, 60_000, 15_000)]
    crowd = range(60)
    moments = {
        "crowd first": [*crowd, *(100 + each for each in minutes)],
        "crowd last": [*minutes, *(70_000 + each for each in crowd)],
        "two crowds": [*crowd[:30], 20_000, *(40_000 + each for each in crowd[:30]), 60_000],
    }[request.param]
    workspace = make_workspace()
    return [
        make_event(workspace=workspace, created_at=BEGAN + timedelta(minutes=each))
        for each in moments
    ]


def test_an_uneven_history_is_found_exactly_in_a_bounded_number_of_steps(
    uneven: list[Event],
) -> None:
    rows = Event.objects.all()
    for event in uneven[::7]:
        for moment in (event.created_at, event.created_at + timedelta(seconds=1)):
            older = [each.pk for each in uneven if each.created_at < moment]
            expected = older[-1] if older else uneven[0].pk - 1

            assert id_before(rows, moment, slack=NO_SLACK) == expected
            assert id_after(rows, moment, slack=NO_SLACK) == expected
            assert steps(moment) <= 2 + 3 * 7  # of sixty-four, every third step leaves half


def test_a_row_that_goes_meanwhile_is_no_error(hourly: list[Event], monkeypatch) -> None:
    """A canary's event, for one, is removed with the next canary."""
    real = id_bounds._ends

    def ends(rows: Any) -> Any:
        found = real(rows)
        Event.objects.filter(pk__gt=hourly[40].pk).delete()
        return found

    monkeypatch.setattr(id_bounds, "_ends", ends)
    moment = BEGAN + HOUR * 50

    assert id_before(Event.objects.all(), moment, slack=NO_SLACK) == hourly[40].pk


def test_no_history_has_no_ids() -> None:
    rows = Event.objects.all()

    assert (id_before(rows, BEGAN), id_after(rows, BEGAN)) == (0, 0)
