"""The parts of pages that keep themselves fresh come alone, and say when they are over."""

from __future__ import annotations

import pytest
from django.utils import timezone

from deliveries import erasing
from deliveries.models import BackgroundJob, Erasure
from tests.builders import make_rule, make_workspace
from tests.deliveries.pages import page, text_of, viewer
from tests.deliveries.replays import ended, start

pytestmark = pytest.mark.django_db
FRESH = "?part=fresh"


def a_job() -> BackgroundJob:
    rule = make_rule()
    ended(rule)
    return start(rule.workspace)


def an_erasure() -> Erasure:
    return erasing.ask(
        "gone@example.com", workspace=make_workspace(), by="tests", now=timezone.now()
    )


@pytest.mark.parametrize("make", [a_job, an_erasure])
def test_a_part_comes_alone_and_ends_with_its_row(make, staff) -> None:
    row = make()

    running = text_of(staff, page(row) + FRESH)
    type(row).objects.filter(pk=row.pk).update(state="done")
    over = text_of(staff, page(row) + FRESH)

    assert "<html" not in running
    assert ["data-fresh-done" in text for text in (running, over)] == [False, True]
    assert f'data-fresh="{FRESH}"' in text_of(staff, page(row))


@pytest.mark.parametrize("make", [a_job, an_erasure])
def test_a_part_needs_what_its_page_needs(make) -> None:
    row = make()

    assert viewer("view_delivery").get(page(row) + FRESH).status_code == 403
