"""Pages of history, found along indexes: complete, in order, and bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deliveries import seeking
from deliveries.models import Delivery, Event
from deliveries.seeking import Asked, Found, Place, Way, seek
from tests.builders import make_delivery, make_event, make_rule
from tests.deliveries.pages import listed

pytestmark = pytest.mark.django_db

FAILED = Q(status="failed")
BY_STATUS = Asked(FAILED, (Way(FAILED, "NOT (status = 'completed')"),), 40)
ODD = Asked(Q(page_id="odd"))


@pytest.fixture
def rows() -> list[Delivery]:
    """Twelve deliveries of two workspaces in turn, every third failed, every second odd."""
    rules = [make_rule(), make_rule()]
    return [
        make_delivery(
            make_event(workspace=rules[n % 2].workspace),
            rules[n % 2],
            status="failed" if n % 3 == 0 else "canceled",
            page_id="odd" if n % 4 == 1 else "",
        )
        for n in range(12)
    ]


def page(*asked: Asked, workspaces: Any = None, **place: int) -> Found:
    where = Place(**{"size": 2, **place})
    return seek(Delivery.objects.all(), asked, workspaces=workspaces, place=where)


def all_pages(*asked: Asked, **over: Any) -> Iterator[int]:
    found = page(*asked, **over)
    while True:
        yield from found.ids
        if not found.older:
            return
        below = found.ids[-1] if found.ended_at is None else found.ended_at
        found = page(*asked, before=below, **over)


def ids(rows: Any) -> list[int]:
    return list(rows.order_by("-pk").values_list("pk", flat=True))


@pytest.mark.parametrize("scan", [1, 3, 100])
@pytest.mark.parametrize("first_look", [1, 10])
@pytest.mark.parametrize("asked", [(), (BY_STATUS,), (ODD,), (BY_STATUS, ODD)])
def test_older_pages_lead_to_every_row_that_fits_once(
    rows: list[Delivery], monkeypatch: Any, asked: tuple[Asked, ...], first_look: int, scan: int
) -> None:
    monkeypatch.setattr(seeking, "FIRST_LOOK", first_look)
    fits = Delivery.objects.all()
    for each in asked:
        fits = fits.filter(each.fits)

    assert list(all_pages(*asked, scan=scan)) == ids(fits)


def test_what_nearly_all_rows_have_is_found_among_the_newest(
    rows: list[Delivery], monkeypatch: Any
) -> None:
    monkeypatch.setattr(seeking, "FIRST_LOOK", 1)
    common = Asked(~Q(page_id="odd"))

    with CaptureQueriesContext(connection) as queries:
        found = page(common, size=1)

    assert (found.ids, found.older, found.ended_at) == ((rows[11].pk,), True, None)
    assert len(queries) == 2
    assert "OFFSET 1" in queries[0]["sql"]


def test_what_the_newest_rows_do_not_have_is_looked_for_further_back(
    rows: list[Delivery], monkeypatch: Any
) -> None:
    monkeypatch.setattr(seeking, "FIRST_LOOK", 1)

    found = page(ODD, size=2)

    assert found.ids == (rows[9].pk, rows[5].pk)
    assert found.older


def test_newer_pages_lead_back_up(rows: list[Delivery]) -> None:
    first, second, third, fourth = (row.pk for row in rows[9::-3])

    found = page(BY_STATUS, after=fourth)

    assert found == Found((second, third), older=True, newer=True)
    assert page(BY_STATUS, after=second) == Found((first,), older=True, newer=False)


def test_the_rows_of_other_workspaces_stay_out(rows: list[Delivery]) -> None:
    mine = rows[0].workspace_id
    of_rule = Q(rule=rows[1].rule_id)

    for asked in ((), (BY_STATUS,), (ODD,)):
        found = list(all_pages(*asked, workspaces=[mine]))
        assert set(found) <= {row.pk for row in rows[::2]}
    assert page(
        Asked(of_rule, (Way(of_rule, by_workspace=False),), 60), workspaces=[mine]
    ) == Found((), older=False, newer=False)
    assert page(workspaces=[]) == Found((), older=False, newer=False)


def test_many_workspaces_are_looked_through_together(rows: list[Delivery]) -> None:
    for _ in range(20):
        make_rule()

    with CaptureQueriesContext(connection) as queries:
        found = page(BY_STATUS)

    assert found.ids == (rows[9].pk, rows[6].pk)
    assert len(queries) <= 3


@pytest.mark.skipif(
    connection.vendor == "postgresql", reason="PostgreSQL plans by the size of its tables"
)
def test_every_single_filter_follows_an_index_made_for_it(staff: Client) -> None:
    rule = make_rule()
    make_delivery(make_event(workspace=rule.workspace), rule)
    indexes = {
        ("status", "failed"): "delivery_not_completed",
        ("status", "held"): "delivery_held_by_workspace",
        ("rule", str(rule.pk)): "delivery_by_rule",
        ("connection", str(rule.connection_id)): "delivery_by_connection",
        ("outcome", "timeout"): "delivery_by_outcome",
        ("reason", "timeout"): "delivery_by_reason",
        ("trigger", "replay"): "delivery_by_trigger",
        ("is_test", "yes"): "delivery_test",
        ("event", "page.completed"): "delivery_by_event_name",
        ("job", "1"): "delivery_of_job",
        ("workspace", str(rule.workspace_id)): "delivery_by_workspace",
    }

    for (name, value), index in indexes.items():
        assert index in plans_of(staff, listed(Delivery, **{name: value})), name
    assert "event_unmatched" in plans_of(staff, listed(Event, matched="no"))
    assert "event_test" in plans_of(staff, listed(Event, is_test="yes"))
    assert "event_by_name" in plans_of(staff, listed(Event, event="page.completed"))


def plans_of(client: Client, address: str) -> str:
    """How the database finds the ids of the list's page."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    asked = [each["sql"] for each in queries if " LIMIT 51" in each["sql"]]
    with connection.cursor() as cursor:
        return " ".join(_plan(cursor, sql) for sql in asked)


def _plan(cursor: Any, sql: str) -> str:
    cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
    return str(cursor.fetchall())


def test_one_thing_asked_costs_one_query(rows: list[Delivery]) -> None:
    mine = [rows[0].workspace_id]

    with CaptureQueriesContext(connection) as queries:
        page(BY_STATUS, workspaces=mine)

    assert len(queries) == 1
