"""Rules as the lifecycle team works with them: paths, dry runs, undo, the next step, a file."""

from __future__ import annotations

import re
import secrets
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.walks.keyboard import press, write
from tests.walks.looking import look, visit
from tests.walks.world import World, make_world

LIST = "/admin/rules/rule/"


@pytest.fixture
def own() -> World:
    """A workspace of this walk alone, since it changes rules."""
    return make_world(f"Rules {secrets.token_hex(4)}")


def change_page(rule: Any) -> str:
    return reverse("admin:rules_rule_change", args=[rule.pk])


def test_a_path_reads_by_step_and_shows_what_is_missing(page: Page, own: World) -> None:
    from django.utils import timezone

    from rules.saving import set_active

    set_active(own.rules[0], active=False, by="walks", now=timezone.now())
    visit(page, f"{LIST}?sequence=workspace-setup&workspace__id__exact={own.workspace.pk}")

    expect(page.get_by_role("heading", name=re.compile("Path: workspace-setup"))).to_be_visible()
    expect(page.locator(".rule-path").get_by_role("link", name=own.rules[1].name)).to_be_visible()
    look(page, "rules-path")


def test_an_edit_is_tried_before_it_is_saved(page: Page, own: World) -> None:
    own.delivered(own.emit("alex@northstar.io"))
    visit(page, change_page(own.rules[1]))

    press(page, page.get_by_role("button", name="Dry run, last 7 days"))
    result = page.locator("[data-looks-result]")
    expect(result).to_contain_text("1 event of the last 7 days would match, from 1 person")
    press(page, page.get_by_role("button", name="Ask the account about this person"))
    expect(result).to_contain_text("this person holds it now")
    look(page, "rule-dry-run")


def test_a_pasted_event_shows_the_exact_requests(page: Page, own: World) -> None:
    visit(page, change_page(own.rules[1]))

    press(page, page.locator("summary", has_text="Paste an event"))
    press(page, page.get_by_role("button", name="Fill in an example"))
    press(page, page.get_by_role("button", name="Hold it against the rule"), "Enter")

    pasted = page.locator("[data-looks-pasted]")
    expect(pasted).to_contain_text("The rule matches this event.")
    expect(pasted.locator("pre").first).to_contain_text("/contact/sync")
    look(page, "rule-pasted-event")


def test_an_event_seen_lately_fills_in_the_condition(page: Page, own: World) -> None:
    own.emit("kim@northstar.io", page="page_billing", step=4)
    visit(page, f"{LIST}add/?connection={own.connection.pk}")

    press(page, page.locator("summary", has_text="Events seen lately"))
    press(page, page.get_by_role("button", name="Connect your CRM"))

    expect(page.get_by_label("Page ID")).to_have_value("page_billing")
    expect(page.locator("#id_sequence_step")).to_have_value("4")
    look(page, "rule-new")


def test_a_tag_is_found_with_the_keyboard_alone(page: Page, own: World) -> None:
    visit(page, f"{LIST}add/?connection={own.connection.pk}&action=add_tag")

    write(page, page.get_by_role("combobox", name="Tag"), "step-2")
    expect(page.get_by_role("option", name="step-2-complete")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.locator("#id_target_label")).to_have_value("step-2-complete")
    expect(page.locator("#id_target_id")).not_to_have_value("")


def test_losing_most_people_is_asked_about_first(page: Page, own: World) -> None:
    for number in range(11):
        own.emit(f"p{number}@northstar.io")
    rule = own.rules[1]
    visit(page, change_page(rule))
    write(page, page.locator("#id_page_id"), "page_spelled-wrong")
    page.keyboard.press("Enter")

    expect(page.get_by_text("matched 11 people, after your edit it matches 0")).to_be_visible()
    look(page, "rule-big-drop")
    press(page, page.get_by_label("Save although far fewer people match"), "Space")
    press(page, page.get_by_role("button", name="Save", exact=True))

    page.wait_for_url(f"**{LIST}")
    rule.refresh_from_db()
    assert rule.page_id == "page_spelled-wrong"


def test_an_edit_is_undone_with_the_keyboard_alone(page: Page, own: World) -> None:
    rule = own.rules[1]
    before = rule.name
    visit(page, change_page(rule))
    write(page, page.locator("#id_name"), "Renamed by mistake")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{LIST}*")

    visit(page, reverse("admin:rules_rule_history", args=[rule.pk]))
    look(page, "rule-history")
    press(page, page.get_by_role("link", name=re.compile("Undo the newest change")))
    expect(page.get_by_text(f"Name “Renamed by mistake” → “{before}”")).to_be_visible()
    look(page, "rule-undo")
    press(page, page.get_by_role("button", name="Back to version 1"))

    expect(page.locator("#id_name")).to_have_value(before)


def test_the_next_step_is_filled_in(page: Page, own: World) -> None:
    visit(page, change_page(own.rules[0]))

    press(page, page.get_by_role("link", name="Duplicate to the next step…"))

    expect(page.locator("#id_sequence_step")).to_have_value("3")
    expect(page.locator("#id_target_label")).to_have_value("step-3-complete")


def test_rules_travel_as_a_reviewed_file(page: Page, own: World) -> None:
    other = make_world(f"Copy {secrets.token_hex(4)}")
    address = f"{reverse('admin:rules_rule_export')}?workspace={own.workspace.pk}"
    text = page.request.get(address).body().replace(b"step 3 done", b"step three done")

    visit(page, reverse("admin:rules_rule_import"))
    look(page, "rules-import")
    page.get_by_label("Workspace").select_option(str(other.workspace.pk))
    file: Any = {"name": "rules.json", "mimeType": "application/json", "buffer": text}
    page.get_by_label("File of rules").set_input_files(file)
    press(page, page.get_by_role("button", name="Review the file"))
    page.get_by_label(re.compile("of the file is here")).select_option(str(other.connection.pk))
    press(page, page.get_by_role("button", name="Look again with these choices"))
    expect(page.get_by_role("heading", name=re.compile("Change 1"))).to_be_visible()
    look(page, "rules-review")
    press(page, page.get_by_role("button", name="Import what is ticked"))

    expect(page.get_by_text("Imported: 0 created, 1 changed.")).to_be_visible()
