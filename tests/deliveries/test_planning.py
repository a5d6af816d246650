"""What people search an event by, and what its deliveries start as."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveries.planning import moment_of, searchable

AT = datetime(2026, 3, 21, 15, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-21T15:06:00Z",
        "2026-03-21t15:06:00z",
        "2026-03-21 15:06:00.000Z",
        "2026-03-21T20:36:00+05:30",
        "2026-03-21T15:06:00-00:00",
        "2026-03-21T15:06:00.0000000001Z",
    ],
)
def test_a_moment_with_a_zone_is_kept_in_utc(text):
    assert moment_of(text) == AT


@pytest.mark.parametrize(
    "value",
    [
        None,
        1774105560,
        "",
        "2026-03-21",
        "2026-03-21T15:06:00",
        "2026-03-21T15:06Z",
        "20260321T150600Z",
        "2026-02-30T15:06:00Z",
        "2026-03-21T15:06:61Z",
        "2026-03-21T15:06:00+0530",
        "2026-03-21T15:06:00+25:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "٢٠٢٦-03-21T15:06:00Z",
        "2026-W12-6T15:06:00Z",
    ],
)
def test_anything_else_is_no_moment(value):
    assert moment_of(value) is None


@given(st.datetimes(timezones=st.timezones()))
def test_every_moment_that_python_writes_is_read_or_is_out_of_range(moment):
    read = moment_of(moment.isoformat())

    assert read is None or read == moment.astimezone(UTC)


def test_search_columns_come_from_the_payload_and_are_cut():
    found = searchable(
        {
            "email": " Alex+CRM@Northstar.IO ",
            "user_id": 5012,
            "page_title": " " + "t" * 400,
            "completed_at": "2026-03-21T15:06:00Z",
        }
    )

    assert found == {
        "email": "alex+crm@northstar.io",
        "user_id": "5012",
        "page_title": "t" * 300,
        "completed_at": AT,
    }


@pytest.mark.parametrize("value", [None, True, 1.5, [], {}, {"id": 1}])
def test_what_is_no_text_is_not_searched(value):
    found = searchable({"user_id": value, "page_title": value, "email": value})

    assert (found["user_id"], found["page_title"], found["email"]) == ("", "", "")
