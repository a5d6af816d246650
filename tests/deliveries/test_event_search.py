"""Pages of events for the API: complete, in order, bounded, along indexes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deliveries import event_search
from deliveries.event_search import Wanted, find_events
from deliveries.event_status import with_status
from deliveries.models import Delivery, Event, Status
from tests.builders import make_delivery, make_event, make_rule, make_workspace

pytestmark = pytest.mark.django_db

STATUSES = ["failed", "completed", "retrying", "canceled", "pending"]


@pytest.fixture
def rule() -> Any:
    """A rule whose workspace has fifteen events, of each status three, every fourth odd."""
    rule = make_rule()
    for n in range(15):
        event = make_event(
            workspace=rule.workspace, event="odd" if n % 4 == 1 else "even", resource_id=f"r{n % 2}"
        )
        make_delivery(event, rule, status=STATUSES[n % 5])
    make_event(workspace=rule.workspace, is_test=True)
    make_event(workspace=make_workspace())
    return rule


def all_pages(workspaces: list[UUID], size: int = 2, **wanted: Any) -> Iterator[int]:
    before = None
    while True:
        page = find_events(Wanted(**wanted), workspaces=workspaces, before=before, size=size)
        assert len(page.ids) <= size
        yield from page.ids
        if page.goes_on_at is None:
            return
        assert before is None or page.goes_on_at < before
        before = page.goes_on_at


def expected(workspace: UUID, status: Status | None = None, **columns: Any) -> list[int]:
    rows = Event.objects.filter(workspace=workspace, is_test=False, **columns)
    rows = rows.filter(with_status(status)) if status else rows
    return list(rows.order_by("-pk").values_list("pk", flat=True))


WANTED: list[dict[str, Any]] = [
    {},
    {"event": "odd"},
    {"resource_id": "r1"},
    {"event": "even", "resource_id": "r0", "resource": "global"},
    *({"status": Status(status)} for status in Status.values),
    {"status": Status.FAILED, "event": "even"},
    {"status": Status.COMPLETED, "resource_id": "r1"},
]


@pytest.mark.parametrize(("few", "scanned"), [(500, 5000), (2, 3), (1, 1)])
@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_pages_lead_to_every_event_that_fits_once(rule, monkeypatch, wanted, few, scanned):
    monkeypatch.setattr(event_search, "FEW", few)
    monkeypatch.setattr(event_search, "SCANNED", scanned)

    found = list(all_pages([rule.workspace_id], **wanted))

    assert found == expected(rule.workspace_id, **wanted)


def test_events_of_several_workspaces_come_in_one_order(rule):
    other = Event.objects.exclude(workspace=rule.workspace).get().workspace_id

    found = list(all_pages([rule.workspace_id, other]))

    assert found == sorted(found, reverse=True)
    assert len(found) == 16


def test_without_a_workspace_there_is_nothing(rule):
    assert list(all_pages([])) == []


def test_a_rare_status_is_found_at_once_however_far_back(rule, monkeypatch):
    monkeypatch.setattr(event_search, "SCANNED", 1)

    page = find_events(
        Wanted(status=Status.FAILED), workspaces=[rule.workspace_id], before=None, size=50
    )

    assert (len(page.ids), page.goes_on_at) == (3, None)


def test_a_late_delivery_of_an_old_event_is_found_in_the_order_of_events(rule):
    oldest = Event.objects.filter(workspace=rule.workspace).earliest("pk")
    Delivery.objects.filter(event=oldest).update(status="completed")
    late = make_rule(workspace=rule.workspace)
    make_delivery(oldest, late, status="failed", trigger="backfill")

    found = list(all_pages([rule.workspace_id], status=Status.FAILED))

    assert found[-1] == oldest.pk
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("status", ["retrying", "failed", "canceled"])
def test_events_that_got_stuck_are_read_along_their_index(rule, status):
    wanted = Wanted(status=Status(status))
    beyond = Event.objects.latest("pk").pk + 1

    with CaptureQueriesContext(connection) as seen:
        find_events(wanted, workspaces=[rule.workspace_id], before=beyond, size=2)

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {seen.captured_queries[0]['sql']}")
            assert "delivery_stuck" in str(cursor.fetchall())
    assert len(seen.captured_queries) == 2


@pytest.mark.parametrize("wanted", [{"resource": "course"}, {"resource_id": "retired"}], ids=str)
def test_a_rare_resource_is_found_at_once_however_far_back(rule, monkeypatch, wanted):
    monkeypatch.setattr(event_search, "SCANNED", 1)
    oldest = Event.objects.filter(workspace=rule.workspace).earliest("pk")
    Event.objects.filter(pk=oldest.pk).update(**wanted)

    page = find_events(Wanted(**wanted), workspaces=[rule.workspace_id], before=None, size=50)

    assert (page.ids, page.goes_on_at) == ((oldest.pk,), None)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's plans follow statistics")
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({"resource": "course"}, "event_by_resource "),
        ({"resource_id": "retired"}, "event_by_resource_id "),
    ],
    ids=str,
)
def test_a_resource_is_looked_for_along_its_index(rule, wanted, index):
    with CaptureQueriesContext(connection) as seen:
        find_events(Wanted(**wanted), workspaces=[rule.workspace_id], before=None, size=50)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {seen.captured_queries[0]['sql']}")
        assert index in str(cursor.fetchall())


def test_what_is_no_page_yet_is_looked_for_further_back(rule):
    newest = Event.objects.filter(workspace=rule.workspace).latest("pk")
    late = make_rule(workspace=rule.workspace)
    for event in Event.objects.filter(workspace=rule.workspace).order_by("-pk")[:4]:
        make_delivery(event, late, status="failed")
        make_delivery(event, make_rule(workspace=rule.workspace), status="retrying")

    page = find_events(
        Wanted(status=Status.FAILED), workspaces=[rule.workspace_id], before=newest.pk + 1, size=1
    )

    assert list(page.ids) == expected(rule.workspace_id, Status.FAILED)[:1]
    assert page.ids[0] < newest.pk - 3
