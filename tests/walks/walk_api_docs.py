"""The page of the API's description: it shows everything and tries requests out."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from meshes.keys import create_machine_key
from meshes.models import MachineKey
from tests.walks.keyboard import press, write
from tests.walks.looking import visit
from tests.walks.world import World

LISTING = "#operations-Workspaces-listWorkspaces"


def opened(page: Page, world: World) -> MachineKey:
    """The key whose values stand in the form at the top of the page."""
    key, secret = create_machine_key(world.workspace.organization, name="Walk", by="walks")
    visit(page, "/api/docs/")
    expect(page.locator(LISTING)).to_be_visible()
    press(page, page.locator("summary", has_text="Try it with a machine key"), "Enter")
    values = {"Organization id": str(key.organization_id), "Access key": key.access_key}
    for label, value in {**values, "Secret key": secret}.items():
        write(page, page.get_by_label(label), value)
    expect(page.get_by_role("status")).to_have_text("Requests are signed.")
    return key


def test_a_request_is_signed_in_the_browser_and_answered(page: Page, world: World) -> None:
    key = opened(page, world)

    page.locator(f"{LISTING} .opblock-summary-control").click()
    page.locator(f"{LISTING} .try-out__btn").click()
    page.locator(f"{LISTING} .execute").click()

    answered = page.locator(f"{LISTING} .live-responses-table")
    expect(answered.locator(".response-col_status", has_text=re.compile("200"))).to_be_visible()
    expect(answered).to_contain_text(str(world.workspace.pk))
    key.refresh_from_db()
    assert key.last_used_at is not None


def test_nothing_of_the_page_goes_beyond_its_edge(page: Page, world: World) -> None:
    opened(page, world)

    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
