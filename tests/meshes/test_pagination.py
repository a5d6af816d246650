"""Pages by cursor: complete, stable while rows arrive, and refused when tampered with."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deliveries.models import Event
from meshes.api_errors import BadRequest
from meshes.models import Workspace
from meshes.pagination import BAD_CURSOR, Listing, paged, whole
from tests.builders import make_event, make_organization, make_workspace

EVENTS = Listing("events", "owner")
WORKSPACES = Listing("workspaces", "owner", ("created_at", "pk"))
CURSOR = re.compile(r"^[A-Za-z0-9_-]+$")


def page(query=None, *, listing=EVENTS, rows=None):
    rows = Event.objects.all() if rows is None else rows
    return paged(rows, query or {}, listing=listing, record=lambda row: {"id": row.pk})


def ids(envelope):
    return [record["id"] for record in envelope["records"]]


def walked(size, *, between=lambda: None, **options):
    """Every id, page by page; `between` happens after each page."""
    found, cursor = [], {}
    for _ in range(1000):
        envelope = page({"limit": str(size), **cursor}, **options)
        assert envelope["count"] == len(envelope["records"]) <= size == envelope["limit"]
        found += ids(envelope)
        if envelope["next_cursor"] is None:
            return found
        assert CURSOR.match(envelope["next_cursor"])
        cursor = {"cursor": envelope["next_cursor"]}
        between()
    raise AssertionError("the pages never end")


@pytest.fixture
def events(db):
    return [make_event().pk for _ in range(7)][::-1]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 200])
def test_the_pages_together_hold_every_row_once_newest_first(events, size):
    assert walked(size) == events


def test_rows_that_arrive_meanwhile_move_nothing(events):
    assert walked(2, between=make_event) == events


def test_rows_that_go_meanwhile_leave_the_rest_in_place(events):
    gone = iter([events[1], events[5]])

    found = walked(2, between=lambda: Event.objects.filter(pk=next(gone, None)).delete())

    assert found == [pk for pk in events if pk != events[5]]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(minutes=st.lists(st.integers(0, 2), max_size=9), size=st.integers(1, 4))
def test_rows_of_the_same_moment_are_told_apart_by_their_id(db, minutes, size):
    Workspace.objects.all().delete()
    start, organization, number = timezone.now(), make_organization(), count()
    for minute in minutes:
        make_workspace(
            organization=organization,
            name=f"Row {next(number)}",
            created_at=start + timedelta(minutes=minute),
        )
    rows = Workspace.objects.all()

    found = walked(size, listing=WORKSPACES, rows=rows)

    assert found == list(rows.order_by("-created_at", "-pk").values_list("pk", flat=True))


def test_without_a_limit_a_page_has_fifty_rows_and_nothing_is_counted(db):
    first = make_event()
    Event.objects.bulk_create(
        Event(event="e", payload={}, workspace=first.workspace, rules_version=1) for _ in range(50)
    )

    with CaptureQueriesContext(connection) as statements:
        envelope = page()

    assert (envelope["count"], envelope["limit"]) == (50, 50)
    assert len(statements) == 1
    assert "COUNT" not in statements[0]["sql"]
    assert ids(page({"cursor": envelope["next_cursor"]})) == [first.pk]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.0", "", " 5", "५", "x", "9" * 5000, "1e2"])
def test_a_limit_out_of_range_is_refused(db, limit):
    with pytest.raises(BadRequest) as refused:
        page({"limit": limit})

    assert refused.value.data == (("limit", "must be a whole number from 1 to 200"),)


def test_every_changed_letter_of_a_cursor_is_noticed(events):
    cursor = page({"limit": "2"})["next_cursor"]
    assert ids(page({"cursor": cursor})) == events[2:]

    for place, letter in enumerate(cursor):
        changed = cursor[:place] + ("A" if letter != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(BadRequest) as refused:
            page({"cursor": changed})
        assert refused.value.data == (("cursor", BAD_CURSOR),)


@pytest.mark.parametrize("cursor", ["", "x", "=", "é", "a.b", "A" * 501, "AAAA", "\x00", "%00"])
def test_what_is_no_cursor_is_refused(db, cursor):
    with pytest.raises(BadRequest):
        page({"cursor": cursor})


@pytest.mark.parametrize("change", [{"name": "attempts"}, {"owner": "somebody else"}])
def test_a_cursor_belongs_to_its_list_and_owner(events, change):
    cursor = page({"limit": "2"})["next_cursor"]
    other = Listing(**{"name": "events", "owner": "owner", **change})

    with pytest.raises(BadRequest):
        page({"cursor": cursor}, listing=other)


@pytest.mark.parametrize("tail", ["=", "==", "\n", " "])
def test_a_cursor_has_one_spelling(events, tail):
    cursor = page({"limit": "2"})["next_cursor"]

    with pytest.raises(BadRequest):
        page({"cursor": cursor + tail})


def test_both_faults_are_told_at_once(db):
    with pytest.raises(BadRequest) as refused:
        page({"limit": "0", "cursor": "x"})

    assert [fault.param for fault in refused.value.data] == ["limit", "cursor"]


def test_a_list_that_is_not_paged_has_everything_in_one_envelope():
    assert whole([{"id": 1}, {"id": 2}]) == {
        "count": 2,
        "limit": 2,
        "next_cursor": None,
        "records": [{"id": 1}, {"id": 2}],
    }
    assert whole([])["limit"] == 1
