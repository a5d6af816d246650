"""From a rule's page to the tag read back and away again, through the pages and the queue."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deliveries.books import recount
from deliveries.models import Attempt, Delivery, Event, Rollup, Trial
from deliveries.rollups import count_hours
from rules.saving import set_active
from tests.deliveries.scenes import EMAIL
from tests.deliveries.trials import states
from tests.journeys.test_page_completed import TAG, story

__all__ = ["story"]

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "trial-started"


@pytest.fixture
def browser() -> Client:
    """A browser of a superuser whose address is known."""
    person = User.objects.create_superuser("ada", email=EMAIL, password="x")
    client = Client()
    client.force_login(person)
    return client


def send_test(browser: Client, rule: Any, **over: str) -> Trial:
    """The test that the rule's form sends as it stands, but for what is given."""
    address = reverse("admin:deliveries_trial_new", args=[rule.pk])
    form = browser.get(address).context["page"]["form"]
    answer = browser.post(address, {"how": "fields", **form.initial, **over})
    assert answer.status_code == 302, answer.content.decode()
    return Trial.objects.latest("pk")


def clean_up(browser: Client, trial: Trial) -> list[str]:
    """What cleaning up by the button came to."""
    browser.post(reverse("admin:deliveries_trial_button", args=[trial.pk, "clean-up"]))
    trial.refresh_from_db()
    return list(trial.cleaned)


def test_a_test_is_confirmed_and_leaves_nothing_behind(story, sandbox, browser):
    rule = story.rule("add_tag", TAG, page_id="page_connect-crm", sequence_step="3")
    other = story.rule("add_tag", OTHER, page_id="page_connect-crm")

    trial = send_test(browser, rule)
    story.deliver()

    assert states(trial) == "done done done done done"
    assert sandbox.state.tags_of(EMAIL) == [TAG]
    assert list(Delivery.objects.values_list("rule", "trigger", "is_test")) == [
        (rule.pk, "test", True)
    ]
    page = browser.get(reverse("admin:deliveries_trial_change", args=[trial.pk])).content.decode()
    assert f"Passed. The contact holds the tag “{TAG}”." in page
    assert other.name in page
    assert "It would match; a test is delivered for the tested rule alone." in page

    assert clean_up(browser, trial) == ["The contact, which the test had created, is deleted."]
    assert sandbox.state.contact_by_email(EMAIL) is None


def test_tests_stand_apart_from_what_really_happened(story, browser):
    rule = story.rule("add_tag", TAG, page_id="page_connect-crm")
    story.emit("page_connect-crm", email="real@northstar.io")
    send_test(browser, rule)
    story.deliver()

    count_hours(timezone.now(), until=float("inf"), kept_since=None)

    counted = dict(Rollup.objects.values_list("measure", "count"))
    assert counted == {"accepted": 1, "matched": 1, "deliveries.completed": 1}
    assert (Event.objects.count(), recount().faults) == (2, [])
    assert list(Attempt.objects.values_list("trigger", flat=True)) == ["live", "test"]


def test_a_rule_that_is_off_is_tested_and_stays_off_for_real_events(story, sandbox, browser):
    rule = story.rule("add_tag", TAG, page_id="page_connect-crm")
    set_active(rule, active=False, by="ada", now=timezone.now())

    trial = send_test(browser, rule)
    story.emit("page_connect-crm", email="real@northstar.io")
    story.deliver()

    assert states(trial) == "done done done done done"
    assert sandbox.state.tags_of("real@northstar.io") == []


def test_a_real_delivery_after_the_test_keeps_its_tag_through_the_clean_up(story, sandbox, browser):
    sandbox.state.add_contact(EMAIL)
    rule = story.rule("add_tag", TAG, page_id="page_connect-crm")
    trial = send_test(browser, rule)
    story.deliver()
    story.emit("page_connect-crm")
    story.deliver()

    told = clean_up(browser, trial)

    assert told[-1].endswith("because a delivery of a real event has asked for it since.")
    assert sandbox.state.tags_of(EMAIL) == [TAG]


def test_a_test_that_fits_nothing_stops_at_the_rule(story, sandbox, browser):
    rule = story.rule("add_tag", TAG, page_id="page_connect-crm")

    trial = send_test(browser, rule, page_id="another")

    assert states(trial) == "done stopped open open open"
    assert story.deliver() == []
    assert sandbox.state.contact_by_email(EMAIL) is None
