"""Send Test Event: from a rule to the tag read back, where it stops, and the clean-up."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.walks.keyboard import press, write
from tests.walks.looking import look, visit
from tests.walks.world import World, make_world

NUMBERS = count(1)


@pytest.fixture(scope="module")
def place() -> World:
    """A workspace in which rules are changed and tests are sent."""
    return make_world("Test events")


def somebody() -> str:
    """An address that no event has named."""
    return f"test-{next(NUMBERS)}@northstar.io"


def send(page: Page, rule: Any, *, email: str, **fields: str) -> None:
    """Fill the form of the rule and send it."""
    visit(page, reverse("admin:deliveries_trial_new", args=[rule.pk]))
    page.get_by_label("Contact").fill(email)
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).fill(value)
    page.get_by_role("button", name="Send test event").click()


def headline(page: Page, words: str) -> None:
    """Wait until the page, which nobody reloads, says so."""
    expect(page.locator(".trial-part h1")).to_contain_text(words, timeout=30_000)


def test_from_a_rule_to_the_tag_and_away_again_with_the_keyboard_alone(page: Page, place) -> None:
    rule, email = place.rules[1], somebody()
    visit(page, reverse("admin:rules_rule_change", args=[rule.pk]))
    press(page, page.get_by_role("link", name="Send test event…"))
    look(page, "test-event-form")

    write(page, page.get_by_label("Contact"), email)
    press(page, page.get_by_role("button", name="Send test event"))

    headline(page, "Passed. The contact holds the tag “step-3-complete”.")
    look(page, "test-event-passed")
    press(page, page.get_by_role("link", name="Clean up…"))
    look(page, "test-event-clean-up")
    press(page, page.get_by_role("button", name="Clean up"))
    expect(
        page.get_by_text("The contact, which the test had created, is deleted.").first
    ).to_be_visible()
    look(page, "test-event-cleaned")


def test_the_json_follows_the_fields_until_somebody_edits_it(page: Page, place) -> None:
    visit(page, reverse("admin:deliveries_trial_new", args=[place.rules[1].pk]))
    body = page.get_by_label("JSON", exact=True)

    page.get_by_label("Step").fill("7")
    expect(body).to_have_value(re.compile('"sequence_step": 7'))
    body.fill('{"event": "page.completed", "payload": {"email": "x@northstar.io"}}')

    expect(page.get_by_label("the JSON below, as it stands")).to_be_checked()


def test_a_condition_that_is_not_met_is_named(page: Page, place) -> None:
    send(page, place.rules[1], email=somebody(), Page_ID="page_other")

    headline(page, "Stopped at “Matched by the rule”")
    expect(page.get_by_text("It asks for page id page_connect-crm").first).to_be_visible()

    look(page, "test-event-no-match")
    visit(page, reverse("admin:deliveries_trial_changelist"))
    expect(page.get_by_text("nothing to clean up").first).to_be_visible()
    look(page, "test-events")


def test_an_event_that_the_endpoint_refuses_is_told(page: Page, place) -> None:
    send(page, place.rules[1], email=somebody(), Resource_ID="not allowed")

    expect(page.get_by_text("must be a string of 1 to 64 letters")).to_be_visible()
    look(page, "test-event-refused")


def test_a_customers_address_is_asked_about(page: Page, place) -> None:
    email = somebody()
    place.emit(email)

    send(page, place.rules[1], email=email)

    expect(page.get_by_text(f"{email} is probably a customer.")).to_be_visible()
    look(page, "test-event-customer")
    page.get_by_label(f"Send the test to {email} all the same").check()
    page.get_by_role("button", name="Send test event").click()
    headline(page, "Passed.")


def test_a_tag_that_is_gone_stops_it_and_leads_to_the_rule(page: Page) -> None:
    from rules.models import Rule, RuleVersion

    place = make_world(f"Gone {next(NUMBERS)}")
    rule = place.rules[0]
    # As if the account had lost the tag since: no such id there.
    changed = {"target_id": "999999", "target_label": "lost-tag"}
    Rule.objects.filter(pk=rule.pk).update(**changed)
    RuleVersion.objects.filter(rule=rule).update(**changed)

    send(page, rule, email=somebody())

    headline(page, "Stopped at “Answer of ActiveCampaign”")
    expect(page.get_by_role("link", name="Edit the rule").first).to_be_visible()
    look(page, "test-event-tag-gone")


def test_an_inactive_connection_stops_it_before_it_is_sent(page: Page) -> None:
    from django.utils import timezone

    from connections.models import Connection

    place = make_world(f"Off {next(NUMBERS)}")
    Connection.objects.filter(pk=place.connection.pk).update(
        active=False, inactive_reason="authentication_invalid", updated_at=timezone.now()
    )

    visit(page, reverse("admin:deliveries_trial_new", args=[place.rules[0].pk]))
    look(page, "test-event-form-warned")
    send(page, place.rules[0], email=somebody())

    headline(page, "Stopped at “Sent by a worker”")
    look(page, "test-event-inactive")


def test_a_delivery_is_verified(page: Page, world) -> None:
    delivery = world.delivered(world.emit(somebody()))
    visit(page, reverse("admin:deliveries_delivery_change", args=[delivery.pk]))
    page.get_by_role("link", name="Verify now…").click()

    page.get_by_role("button", name="Verify now").click()

    expect(page.get_by_role("heading", name="Verified in the account")).to_be_visible()
    look(page, "verified")
