"""Connections: tested, looked at, their tags looked up, their mapping edited by keyboard."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.walks.keyboard import press, write
from tests.walks.looking import look, visit
from tests.walks.world import make_world


def page_of(connection: Any) -> str:
    return reverse("admin:connections_connection_change", args=[connection.pk])


def test_a_connection_is_tested_with_the_keyboard_alone(page: Page, world) -> None:
    visit(page, page_of(world.connection))

    press(page, page.get_by_role("button", name="Test connection"))

    expect(page.get_by_text("Permissions missing")).to_be_visible()
    expect(page.get_by_role("heading", name=f"{world.connection}: working")).to_be_visible()
    look(page, "connection")


def test_a_tag_is_looked_up_with_the_rules_that_use_it(page: Page, world) -> None:
    visit(page, page_of(world.connection))

    press(page, page.locator(".connection-holds").get_by_role("link", name="Tags"))

    expect(page.get_by_role("link", name=world.rules[1].name).first).to_be_visible()
    look(page, "tags")


def test_a_mapping_gets_a_row_and_its_version_is_compared(page: Page) -> None:
    world = make_world(f"Mapped {uuid4().hex[:6]}")
    world.emit("alex@northstar.io")
    visit(page, reverse("admin:rules_mappingversion_edit", args=[world.connection.pk]))

    expect(page.get_by_text("each look at them is logged with your name")).to_be_visible()
    press(page, page.get_by_role("button", name="Show the values"))
    press(page, page.get_by_role("button", name="Add a row"))
    page.keyboard.type("Company")
    row = page.locator("fieldset").last
    write(page, row.get_by_label("Key in the payload, or the value"), "page_title")
    expect(page.get_by_role("row", name="Company")).to_contain_text("Connect your CRM")
    look(page, "mapping")
    press(page, page.get_by_role("button", name="Save as version 2").last)

    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    press(page, page.get_by_role("link", name="Versions", exact=True))
    expect(page.get_by_text("Company was added")).to_be_visible()
    look(page, "mapping-versions")
