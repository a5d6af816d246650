"""The first steps: from an empty installation to a confirmed test event, as a newcomer."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.walks.keyboard import press
from tests.walks.looking import look, visit
from tests.walks.stage import KEY, SANDBOX

NUMBERS = count(1)
WITHIN_S = 300


@pytest.fixture
def empty() -> Iterator[None]:
    """No workspace, as on the first day; the others come back afterwards."""
    from django.utils import timezone

    from meshes.models import Workspace

    hidden = list(Workspace.objects.live().values_list("pk", flat=True))
    Workspace.objects.filter(pk__in=hidden).update(deleted_at=timezone.now())
    yield
    Workspace.objects.filter(pk__in=hidden).update(deleted_at=None)


def go(page: Page, link: str, *, seen_as: str) -> None:
    """Follow the link of the guide with the keyboard and look at the form behind it."""
    press(page, page.get_by_role("link", name=link, exact=True))
    expect(page.get_by_role("link", name="Back to the first steps")).to_be_visible()
    look(page, f"guide-{seen_as}-form")


def save(page: Page, *, done: int) -> None:
    """Save the form, which leads back to the guide with so many steps done."""
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{done} of 4 steps done").first).to_be_visible()
    look(page, f"guide-{done}")


def workspace(page: Page, name: str) -> None:
    """Step 1."""
    go(page, "Add a workspace", seen_as="workspace")
    page.get_by_label("Name").fill(name)
    save(page, done=1)


def connection(page: Page) -> None:
    """Step 2."""
    go(page, "Connect ActiveCampaign", seen_as="connection")
    page.get_by_label("API URL").fill(os.environ[SANDBOX])
    page.get_by_label("API Key").fill(os.environ[KEY])
    save(page, done=2)


def rule(page: Page) -> None:
    """Step 3."""
    go(page, "Start from an example", seen_as="rule")
    page.locator("#id_target_label").press_sequentially("step-3")
    page.get_by_role("option", name="step-3-complete").click()
    save(page, done=3)


def first_test(page: Page, email: str) -> None:
    """Step 4."""
    go(page, "Send a test event", seen_as="test")
    page.get_by_label("Contact").fill(email)
    page.get_by_role("button", name="Send test event").click()
    expect(page.locator(".trial-part h1")).to_contain_text("Passed.", timeout=30_000)
    look(page, "guide-test-passed")
    press(page, page.get_by_role("link", name="Back to the first steps"))


def test_from_an_empty_installation_to_a_confirmed_test_event(page: Page, empty: None) -> None:
    number, began = next(NUMBERS), time.monotonic()
    visit(page, "/admin/")
    look(page, "guide-home")
    press(page, page.get_by_role("link", name="Take the first steps"))
    look(page, "guide-0")

    workspace(page, f"First steps {number}")
    connection(page)
    rule(page)
    first_test(page, f"first-{number}@northstar.io")

    expect(page.get_by_role("heading", name="All done")).to_be_visible()
    look(page, "guide-4")
    assert time.monotonic() - began < WITHIN_S


def test_the_code_is_chosen_and_copied(page: Page, world) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, f"/admin/guide/?workspace={world.workspace.pk}")

    press(page, page.get_by_text("Python, requests"))
    page.get_by_role("button", name="Copy the code for Python, requests").click()

    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert world.key in copied
    assert f"{world.url}/api/v1/events" in copied
    look(page, "guide-code")


def test_a_tag_that_is_not_there_yet_leaves_the_button_free(page: Page, world) -> None:
    visit(page, f"/admin/rules/rule/add/?connection={world.connection.pk}&action=add_tag")

    page.locator("#id_target_label").press_sequentially("nobody-made-it")

    expect(page.get_by_text("No tag has this in its name. Create it")).to_be_visible()
    page.get_by_role("button", name="Refresh tags and lists").click()
    expect(page.get_by_text(re.compile(r"^Read \d+ tags"))).to_be_visible()
