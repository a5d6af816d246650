"""Going back to an earlier version, the history of a rule, and the step after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.models import CatalogEntry
from meshes.models import Membership
from rules.errors import TargetUnknown, VersionUnknown
from rules.models import Rule
from rules.next_step import counted_on, following
from rules.saving import draft_of, save_rule, set_active
from rules.undoing import go_back
from rules.wording import change_words
from tests.builders import make_catalog, make_workspace
from tests.rules.test_admin import person
from tests.rules.test_saving import NOW, RuleDraft, draft

__all__ = ["draft"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(draft: RuleDraft) -> Rule:
    """Step 3 done, edited once to another page and name."""
    made = save_rule(
        None, draft=replace(draft, name="Step 3 done", sequence_step="3"), by="rosa", now=NOW
    )
    return edit(made, page_id="invite-team", name="Renamed")


def edit(rule: Rule, **over: Any) -> Rule:
    return save_rule(rule, draft=replace(draft_of(rule), **over), by="rosa", now=NOW)


def page_of(rule: Rule, number: int) -> str:
    return f"/admin/rules/rule/{rule.pk}/back-to/{number}/"


def history_of(rule: Rule) -> str:
    return f"/admin/rules/rule/{rule.pk}/history/"


def test_going_back_is_a_new_edit_with_the_earlier_values(rule: Rule) -> None:
    before = rule.versions.get(number=1)

    go_back(rule, number=1, by="kim", now=NOW)

    rule.refresh_from_db()
    assert (rule.name, rule.page_id) == ("Step 3 done", before.page_id)
    newest = rule.versions.order_by("-number")[0]
    assert (newest.number, newest.change, newest.created_by) == (3, "edited", "kim")


def test_going_back_across_a_switch_switches_again(rule: Rule) -> None:
    set_active(rule, active=False, by="rosa", now=NOW)
    assert go_back(rule, number=2, by="kim", now=NOW).active
    assert not go_back(rule, number=3, by="kim", now=NOW).active


def test_going_back_to_what_is_so_already_appends_nothing(rule: Rule) -> None:
    go_back(rule, number=2, by="kim", now=NOW)
    assert rule.versions.count() == 2


def test_going_back_is_checked_like_every_edit(rule: Rule) -> None:
    edit(rule, target_id="13")
    CatalogEntry.objects.filter(external_id="12").delete()

    with pytest.raises(TargetUnknown):
        go_back(rule, number=1, by="kim", now=NOW)
    with pytest.raises(VersionUnknown):
        go_back(rule, number=9, by="kim", now=NOW)

    rule.refresh_from_db()
    assert (rule.target_id, rule.versions.count()) == ("13", 3)


def test_the_history_shows_before_and_after_with_the_way_back(staff: Client, rule: Rule) -> None:
    page = staff.get(history_of(rule)).content.decode()
    assert "name “Step 3 done” → “Renamed”" in page
    assert f'href="{page_of(rule, 1)}"' in page
    assert f'href="{page_of(rule, 2)}"' not in page


def test_a_long_history_goes_on_to_older_pages(staff: Client, rule: Rule) -> None:
    for number in range(60):
        edit(rule, name=f"Name {number}")
    page = staff.get(history_of(rule)).content.decode()
    assert "?below=13" in page
    assert "Created" in staff.get(history_of(rule), {"below": "13"}).content.decode()


def test_the_page_asks_first_and_goes_back_by_post(staff: Client, rule: Rule) -> None:
    asked = staff.get(page_of(rule, 1)).content.decode()
    assert "Name “Renamed” → “Step 3 done”" in asked
    assert rule.versions.count() == 2

    staff.post(page_of(rule, 1))

    rule.refresh_from_db()
    assert rule.name == "Step 3 done"
    assert rule.current is not None
    assert rule.current.created_by == "admin"


def test_a_refusal_is_told_and_nothing_changes(staff: Client, rule: Rule) -> None:
    CatalogEntry.objects.all().delete()
    page = staff.post(page_of(rule, 1), follow=True).content.decode()
    assert "The account holds no such tag" in page
    assert rule.versions.count() == 2
    assert staff.get(page_of(rule, 9)).status_code == 404


def test_who_may_only_look_sees_the_history_but_goes_nowhere(rule: Rule) -> None:
    client = person("view_rule")
    assert "Renamed" in client.get(history_of(rule)).content.decode()
    assert page_of(rule, 1) not in client.get(history_of(rule)).content.decode()
    assert client.post(page_of(rule, 1)).status_code == 403
    assert rule.versions.count() == 2


def test_rules_of_other_workspaces_have_no_history(rule: Rule) -> None:
    client = person("change_rule", "view_rule")
    member = Membership.objects.create(user=User.objects.get(username="kim"))
    member.workspaces.add(make_workspace())
    assert client.get(history_of(rule)).status_code == 404
    assert client.post(page_of(rule, 1)).status_code == 404
    assert rule.versions.count() == 2


def test_bringing_back_needs_a_token(admin_user: User, rule: Rule) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(page_of(rule, 1)).status_code == 403


def next_form(client: Client, rule: Rule) -> Any:
    page = client.get(f"/admin/rules/rule/{rule.pk}/change/")
    return client.get(page.context["next_step_url"]).context["adminform"].form


def test_the_next_step_is_filled_in(staff: Client, rule: Rule) -> None:
    make_catalog(rule.connection.account, tags={"14": "step-4-complete"})
    edit(rule, name="Step 3 done", resource_id="setup")

    form = next_form(staff, Rule.objects.get())

    told = {
        name: form[name].value() for name in ("name", "sequence_step", "resource_id", "page_id")
    }
    assert told == {
        "name": "Step 4 done",
        "sequence_step": "4",
        "resource_id": "setup",
        "page_id": "",
    }
    assert (form["target_label"].value(), form["target_id"].value()) == ("step-4-complete", "14")
    assert Rule.objects.count() == 1


def test_starting_again_is_kept_for_tags_alone(rule: Rule) -> None:
    rule = edit(rule, restart=True)
    assert edit(rule, name="Still").restart
    assert "start its automation again no → yes" in change_words(
        rule.versions.get(number=3), rule.versions.get(number=2)
    )
    assert not edit(rule, action="sync_contact", target_id="").restart


def test_without_a_step_it_is_a_copy(staff: Client, rule: Rule) -> None:
    edit(rule, sequence_step="")
    form = next_form(staff, Rule.objects.get())
    assert (form["name"].value(), form["page_id"].value()) == ("Renamed (copy)", "invite-team")
    assert form["target_id"].value() == "12"


@pytest.mark.parametrize(
    ("text", "step", "raised"),
    [
        ("Step 3 done", "3", "Step 4 done"),
        ("v2 step 03", "3", "v2 step 04"),
        ("step-9", "9", "step-10"),
        ("Step 33", "3", ""),
        ("no number", "3", ""),
        ("Step 3", "x", ""),
    ],
)
def test_texts_count_on(text: str, step: str, raised: str) -> None:
    assert counted_on(text, step=step) == raised


def test_only_steps_that_count_have_one_after_them() -> None:
    assert (following("9"), following("intro"), following("")) == ("10", "", "")
