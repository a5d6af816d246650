"""Every page of the admin keeps its ceiling of queries with 100,000 deliveries behind it."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deliveries.models import Delivery
from tests.bench.filling import fill
from tests.meshes.access import Page, make_rows, pages

CEILING = 45
SLICED = {
    "deliveries_backgroundjob_replay": 60,
    "deliveries_backgroundjob_backfill": 60,
    "deliveries_funnel_people": 60,
}
"""These count in slices and find the ids of a past week in up to some twenty steps."""

DELIVERIES = 100_000
BEYOND = 1_900_000
"""Ids that no other test of the database has reached; their events are of the last two days."""


@pytest.mark.django_db
def test_every_page_keeps_its_ceiling_with_a_long_history(staff: Client) -> None:
    rows = make_rows()
    fill(rows["rule"], first=BEYOND, last=BEYOND + DELIVERIES - 1)
    home = Page("index", reverse("admin:index"))

    asked = {page.name: queries_of(staff, page) for page in [home, *pages(rows)]}

    assert Delivery.objects.count() > DELIVERIES
    over = {name: n for name, q in asked.items() if (n := len(q)) > SLICED.get(name, CEILING)}
    assert over == {}
    again = {name: repeated(queries) for name, queries in asked.items()}
    assert {name: some for name, some in again.items() if some} == {}


def queries_of(browser: Client, page: Page) -> list[str]:
    """What the page asks."""
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(page.address)
    assert answer.status_code < 500, page
    return [query["sql"] for query in queries]


def repeated(queries: list[str]) -> list[str]:
    """What was asked more than twice with the same values; a banner may name what a page shows."""
    counts = Counter(query for query in queries if query.startswith("SELECT"))
    return [query for query, count in counts.items() if count > 2]
