"""Why an event matched no rule, as its page explains it."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.builders import (
    append_version,
    make_event,
    make_rule,
)
from tests.deliveries.pages import (
    CRM,
    page,
    text_of,
)

pytestmark = pytest.mark.django_db


def test_an_event_without_any_rule_says_so(staff: Client) -> None:
    text = text_of(staff, page(make_event()))

    assert "The workspace had no active rule when this event arrived." in text
    assert "Create a rule for page.completed; it acts on the next event" in text


def test_an_event_of_another_name_is_told_apart(staff: Client) -> None:
    rule = make_rule()

    text = text_of(staff, page(make_event(workspace=rule.workspace, event="page.complete")))

    assert "No rule waited for events named page.complete." in text


def test_an_unmatched_event_names_the_rules_that_came_closest(staff: Client) -> None:
    far = make_rule(name="Far", page_id="billing", sequence_step="5", resource="course")
    make_rule(connection=far.connection, name="Near", sequence_step="4")
    event = make_event(workspace=far.workspace, **CRM)
    later = make_rule(connection=far.connection, name="Later", sequence_step="6")

    text = text_of(staff, page(event))

    assert "it asks for step 4, and the event says 3." in text
    assert "it asks for resource course, and the event says global;" in text
    assert text.index("Near</a>") < text.index("Far</a>")
    assert later.name not in text


def test_an_unmatched_event_is_explained_by_the_rules_of_its_time(staff: Client) -> None:
    rule = make_rule(name="Step rule", sequence_step="4")
    event = make_event(workspace=rule.workspace)
    rule.sequence_step, rule.active = "", False
    append_version(rule)

    assert "it asks for step 4, and the event names none." in text_of(staff, page(event))
    assert "no active rule" in text_of(staff, page(make_event(workspace=rule.workspace)))
