"""From the funnel to its people, from an event that no rule covers to a draft, and one person."""

from __future__ import annotations

import secrets

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.walks.keyboard import press, write
from tests.walks.looking import look, visit
from tests.walks.world import World, make_world


@pytest.fixture(scope="module")
def place() -> World:
    """A workspace in which one person completed two steps, and one that no rule covers."""
    from django.utils import timezone

    from deliveries.event_hours import count_hour, hour_of

    place = make_world(f"Funnel {secrets.token_hex(4)}")
    place.delivered(place.emit("robin@northstar.io", page="page_invite-team", step=2))
    place.delivered(place.emit("robin@northstar.io"))
    place.emit("robin@northstar.io", page="page_first-report", step=5)
    count_hour(hour_of(timezone.now()))
    return place


def address(name: str, place: World) -> str:
    """The page of the workspace."""
    return f"{reverse(f'admin:deliveries_{name}')}?workspace={place.workspace.pk}"


def test_a_number_of_the_funnel_opens_its_people(page: Page, place) -> None:
    visit(page, address("eventhour_changelist", place))
    expect(page.get_by_text("A gap: no event came for this step").first).to_be_visible()
    look(page, "funnel")

    press(page, page.get_by_role("link", name="1 confirmed, Step 3"))

    expect(page.get_by_role("heading", name="Step 3 of workspace-setup: confirmed")).to_be_visible()
    look(page, "funnel-people")
    press(page, page.get_by_role("link", name="robin@northstar.io"))
    expect(page.get_by_role("heading", name="robin@northstar.io", level=1)).to_be_visible()


def test_what_no_rule_covers_becomes_a_draft(page: Page, place) -> None:
    visit(page, address("radar", place))
    look(page, "unmatched-events")

    press(page, page.get_by_role("link", name="Draft a rule"))

    expect(page.locator("#id_page_id")).to_have_value("page_first-report")
    expect(page.locator("#id_sequence_step")).to_have_value("5")


def test_silent_events_look_well(page: Page, place) -> None:
    visit(page, address("silence", place))

    look(page, "silent-events")


def test_a_person_is_found_and_their_tags_are_asked_for(page: Page, place) -> None:
    visit(page, reverse("admin:deliveries_event_people"))
    look(page, "people")
    write(page, page.get_by_label("Email address or user id"), "robin@northstar.io")
    press(page, page.get_by_role("button", name="Find"))

    expect(page.get_by_role("heading", name="robin@northstar.io", level=1)).to_be_visible()
    assert "robin" not in page.url
    press(page, page.get_by_role("button", name="Ask now"))
    expect(page.get_by_text("step-3-complete", exact=True).first).to_be_visible()
    look(page, "person")
    press(page, page.get_by_role("button", name="Erase this person…"))
    expect(page.get_by_text("Erase robin@northstar.io in the workspace")).to_be_visible()
