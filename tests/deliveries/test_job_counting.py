"""A preview counts in slices, stops in time, and says when its numbers are estimates."""

from __future__ import annotations

import pytest
from django.urls import reverse

from deliveries import job_counting, job_wording
from deliveries.job_preview import preview
from deliveries.models import BackgroundJob, Delivery
from rules.models import Rule
from tests.builders import make_account, make_connection, make_rule
from tests.deliveries.pages import queries_of
from tests.deliveries.replays import ended, fresh, run, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db, monkeypatch) -> Rule:
    """A rule with ten failed deliveries, of which six are counted."""
    monkeypatch.setattr(job_counting, "AT_ONCE", 3)
    monkeypatch.setattr(job_counting, "COUNTED", 6)
    rule = make_rule()
    for number in range(10):
        ended(rule, f"{number}@x.io")
    return rule


def seen(rule: Rule, **selection: str):
    return preview(selection, workspace_id=rule.workspace_id, basis="was")


def test_what_fits_into_the_slices_is_counted_exactly(rule, monkeypatch):
    monkeypatch.setattr(job_counting, "COUNTED", 100)

    found = seen(rule)

    assert (found.exact, found.counted, found.selected, found.replayable) == (True, 10, 10, 10)


def test_what_is_more_is_estimated_from_what_was_counted(rule):
    found = seen(rule)

    assert (found.exact, found.counted) == (False, 6)
    assert (found.selected, found.replayable) == (10, 10)
    assert found.by_status == {"failed": 10}


def test_rows_that_are_not_selected_are_looked_at_no_longer_either(rule, monkeypatch):
    monkeypatch.setattr(job_counting, "LOOKED_AT", 6)
    newest = Delivery.objects.latest("pk")
    Delivery.objects.filter(pk=newest.pk).update(reason="dns_failed")

    found = seen(rule, reason="dns_failed")

    assert (found.exact, found.counted, found.selected) == (False, 0, 0)


def test_more_history_costs_no_more_queries(staff, rule):
    address = reverse("admin:deliveries_backgroundjob_replay")
    few = queries_of(staff, address)
    for number in range(20):
        ended(rule, f"more-{number}@x.io")

    assert queries_of(staff, address) == few


def test_the_page_says_that_it_estimates(staff, rule):
    text = staff.get(reverse("admin:deliveries_backgroundjob_replay")).content.decode()

    assert "About 10 of 10 selected deliveries can be replayed" in text
    assert "the oldest, 6 deliveries are selected" in text
    assert "Send the ones that were delivered already once more" in text


def test_a_job_that_was_estimated_takes_everything_and_knows_the_number_at_its_end(rule):
    other = make_connection(workspace=rule.workspace, account=make_account(key="other"))
    late = ended(make_rule(connection=other), "late@x.io")
    job = start(rule.workspace)
    assert (job.total, job.total_estimated) == (11, True)
    assert job_wording.title(job) == "Replay of about 11 selected deliveries"
    BackgroundJob.objects.filter(pk=job.pk).update(total=7)

    run(job)

    job = fresh(job)
    assert (job.state, job.taken, job.total, job.total_estimated) == ("done", 11, 11, False)
    late.refresh_from_db()
    assert (late.job_id, job.skipped) == (job.pk, {})
