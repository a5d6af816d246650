"""What came and no rule covers, with the nearest rule and a draft of one."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from deliveries.radar import radar_of
from meshes.models import Workspace
from rules.models import Rule
from tests.builders import make_event, make_rule, make_workspace
from tests.deliveries.hours import make_hour
from tests.deliveries.pages import queries_of, text_of, viewer

pytestmark = pytest.mark.django_db

RADAR = "/admin/deliveries/eventhour/unmatched/"
SETUP = {"resource": "onboarding_sequence", "resource_id": "setup"}


@pytest.fixture
def rule() -> Rule:
    """A rule for the third step."""
    return make_rule(name="CRM connected", page_id="crm", sequence_step="3", **SETUP)


def blips(workspace: Workspace, days: int = 7) -> list[tuple[str, int, str]]:
    """What the radar shows: page, count and the nearest rule."""
    workspace.refresh_from_db()
    found = radar_of(workspace, days=days, now=timezone.now()).blips
    return [(one.facts.page_id, one.count, one.near.rule.name if one.near else "") for one in found]


def test_the_most_frequent_comes_first_with_the_nearest_rule(rule) -> None:
    make_rule(workspace=rule.workspace, name="Far off", event="user.deleted", page_id="crm")
    for page, count in (("team", 2), ("report", 5)):
        make_hour(rule.workspace, timezone.now(), page_id=page, accepted=count, **SETUP)
    make_hour(rule.workspace, timezone.now(), event="user.invited", page_id="x")

    assert blips(rule.workspace) == [
        ("report", 5, "CRM connected"),
        ("team", 2, "CRM connected"),
        ("x", 1, ""),
    ]


def test_only_events_that_matched_nothing_count(rule) -> None:
    make_hour(rule.workspace, timezone.now(), page_id="team", accepted=5, matched=3, **SETUP)
    make_hour(rule.workspace, timezone.now(), page_id="old", accepted=5, matched=5, **SETUP)

    assert blips(rule.workspace) == [("team", 2, "CRM connected")]


def test_what_a_rule_covers_by_now_is_gone_and_what_is_off_is_told(rule) -> None:
    make_hour(rule.workspace, timezone.now(), page_id="crm", sequence_step="3", **SETUP)
    assert blips(rule.workspace) == []

    Rule.objects.update(active=False)
    Workspace.objects.update(rules_version=rule.workspace.rules_version + 9)

    rule.workspace.refresh_from_db()
    (blip,) = radar_of(rule.workspace, days=7, now=timezone.now()).blips
    assert blip.near is not None
    assert blip.near.differences == ("it is off",)


def test_seven_days_and_thirty_are_told_apart(rule) -> None:
    then = timezone.now() - timedelta(days=9)
    make_hour(rule.workspace, then, page_id="team", **SETUP)

    assert blips(rule.workspace) == []
    assert blips(rule.workspace, days=30) == [("team", 1, "CRM connected")]


def test_another_workspace_has_its_own_radar(rule) -> None:
    make_hour(make_workspace(), timezone.now(), page_id="team", **SETUP)

    assert blips(rule.workspace) == []


def test_a_draft_is_one_click_and_saves_nothing(staff: Client, rule) -> None:
    about = {"page_id": "team", "sequence_step": "4", **SETUP}
    make_event(workspace=rule.workspace, page_title="Invite your team", **about)
    make_hour(rule.workspace, timezone.now(), **about)

    text = text_of(staff, f"{RADAR}?workspace={rule.workspace_id}")
    link = re.search(r'href="([^"]+)">Draft a rule</a>', text)
    assert link
    form = text_of(staff, unescape(link[1]))

    for name, value in (*about.items(), ("name", "Invite your team, step 4")):
        assert re.search(
            rf'<input[^>]+name="{name}"[^>]+value="{value}"|value="{value}"[^>]+name="{name}"', form
        ), name
    assert f'<option value="{rule.connection_id}" selected' in form
    assert Rule.objects.count() == 1


def test_the_nearest_rule_is_told_condition_by_condition(staff: Client, rule) -> None:
    make_hour(rule.workspace, timezone.now(), page_id="CRM", sequence_step="3", **SETUP)

    assert "it asks for page id crm, and these say CRM." in text_of(staff, RADAR)


def test_those_who_may_not_add_rules_get_no_draft(rule) -> None:
    make_hour(rule.workspace, timezone.now(), page_id="team", **SETUP)

    text = text_of(viewer("view_event"), RADAR)

    assert "CRM connected" in text
    assert "Draft a rule" not in text
    assert f"/admin/rules/rule/{rule.pk}/" not in text


def test_an_empty_radar_says_so(staff: Client, rule) -> None:
    assert "Every event of these days is covered by a rule" in text_of(staff, RADAR)


def test_many_combinations_and_rules_cost_the_same_queries(staff: Client, rule) -> None:
    make_hour(rule.workspace, timezone.now(), page_id="team", **SETUP)
    few = queries_of(staff, RADAR)
    for n in range(60):
        make_hour(rule.workspace, timezone.now(), page_id=f"page-{n}", **SETUP)
        make_rule(connection=rule.connection, sequence_step=str(n + 9), page_id="other")
    text = text_of(staff, RADAR)

    assert queries_of(staff, RADAR) <= few + 3
    assert text.count("Nearest rule") == 50
    assert "And 11 less frequent ones." in text
