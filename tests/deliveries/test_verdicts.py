"""What every rule said to an event, as its page tells it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deliveries.models import Event
from deliveries.verdicts import Verdict, verdicts_of
from rules.models import Rule
from tests.builders import append_version, make_delivery, make_event, make_rule
from tests.deliveries.pages import CRM, page, text_of, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule() -> Rule:
    """A rule that waits for step 4."""
    return make_rule(name="Step four", sequence_step="4")


def verdict(event: Event, rule: Rule) -> Verdict:
    """What the rule said."""
    told = verdicts_of(event, event.deliveries.all()).shown
    return next(each for each in told if each.rule == rule)


def test_an_event_without_any_rule_says_so(staff: Client) -> None:
    text = text_of(staff, page(make_event()))

    assert "The workspace had no active rule when this event arrived." in text
    assert "Create a rule for page.completed; it acts on the next event" in text


def test_an_event_of_another_name_is_told_apart(staff: Client, rule: Rule) -> None:
    text = text_of(staff, page(make_event(workspace=rule.workspace, event="page.complete")))

    assert "No rule waited for events named page.complete." in text
    assert "It asks for event name page.completed, and the event says page.complete." in text


def test_matches_come_first_and_then_the_nearest_misses(staff: Client, rule: Rule) -> None:
    make_rule(connection=rule.connection, name="Far", page_id="billing", sequence_step="5")
    hit = make_rule(connection=rule.connection, name="Hit", sequence_step="3")
    event = make_event(workspace=rule.workspace, **CRM)
    make_delivery(event, hit)

    told = verdicts_of(event, event.deliveries.all())

    assert [each.then.name for each in told.shown] == ["Hit", "Step four", "Far"]
    assert (told.why, told.more) == ("", 0)
    assert told.shown[1].differences == ("it asks for step 4, and the event says 3",)
    assert "It asks for page id billing, and the event says crm." in text_of(staff, page(event))


def test_an_event_is_judged_by_the_rules_of_its_time(rule: Rule) -> None:
    event = make_event(workspace=rule.workspace)
    rule.sequence_step, rule.active = "", False
    append_version(rule)
    after = make_event(workspace=rule.workspace)

    assert verdict(event, rule).differences == ("it asks for step 4, and the event names none",)
    assert verdict(after, rule).said.text.startswith("It would have matched, but it was off")
    assert "no active rule" in verdicts_of(after, []).why


def test_a_rule_that_came_later_points_to_a_backfill(rule: Rule) -> None:
    event = make_event(workspace=rule.workspace, **CRM)
    later = make_rule(connection=rule.connection, name="Later", sequence_step="3")
    other = make_rule(connection=rule.connection, name="Other", sequence_step="5")

    assert "a backfill would apply it" in verdict(event, later).said.text
    assert verdict(event, other).said.text == "It was created after this event."
    make_delivery(event, later, trigger="backfill")
    assert verdict(event, later).said.text == "It was created later; a backfill applied it."


def test_a_rule_on_hold_and_a_backfilled_edit_are_told(rule: Rule) -> None:
    held = make_rule(connection=rule.connection, sequence_step="3", held_reason="tag_not_found")
    event = make_event(workspace=rule.workspace, **CRM)
    make_delivery(event, held)
    make_delivery(event, rule, trigger="backfill")

    assert verdict(event, held).said.text.startswith("It matched while it was on hold")
    assert verdict(event, rule).said.text == "It did not match then; a backfill applied it later."


def test_a_test_event_is_delivered_for_the_tested_rule_alone(rule: Rule) -> None:
    tested = make_rule(connection=rule.connection, sequence_step="3", active=False)
    other = make_rule(connection=rule.connection, sequence_step="3", page_id="crm")
    event = make_event(workspace=rule.workspace, is_test=True, **CRM)
    make_delivery(event, tested, trigger="test")

    assert verdict(event, tested).said.text == "It was off; the test was delivered all the same."
    assert "for the tested rule alone" in verdict(event, other).said.text


def test_a_deleted_rule_says_nothing_to_later_events(rule: Rule) -> None:
    before = make_event(workspace=rule.workspace, **CRM)
    append_version(rule, change="deleted", matches=False)
    after = make_event(workspace=rule.workspace, **CRM)

    assert verdict(before, rule).differences
    assert verdicts_of(after, []).shown == ()


def test_rules_of_other_workspaces_say_nothing(rule: Rule) -> None:
    other = make_rule()

    told = verdicts_of(make_event(workspace=other.workspace), []).shown

    assert [each.rule for each in told] == [other]


def test_many_rules_cost_two_queries_and_are_shown_on_demand(staff: Client, rule: Rule) -> None:
    for step in range(25):
        make_rule(connection=rule.connection, name=f"Rule {step:02}", sequence_step=str(step + 5))
    event = make_event(workspace=rule.workspace, **CRM)

    with CaptureQueriesContext(connection) as queries:
        told = verdicts_of(event, [])

    assert (len(queries), len(told.shown), told.more) == (2, 20, 6)
    assert "Show 6 more" in text_of(staff, page(event))
    assert "Rule 24" in text_of(staff, page(event) + "?rules=all")


def test_only_those_who_may_see_rules_get_a_link_to_them(staff: Client, rule: Rule) -> None:
    event = make_event(workspace=rule.workspace, **CRM)
    link = f"/admin/rules/rule/{rule.pk}/change/"

    assert link in text_of(staff, page(event))
    text = text_of(viewer("view_event"), page(event))
    assert "Step four" in text
    assert link not in text
