"""A pasted event held against a rule: match, mapped input, the exact requests, no secret."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from deliveries.models import Event
from deliveries.pasted_event import Pasted, held_against
from rules.models import Rule
from rules.saving import draft_of
from tests.builders import API_KEY, make_catalog, make_connection, make_rule

pytestmark = pytest.mark.django_db
PASTE = "/admin/rules/rule/looks/paste/"
EVENT = {
    "event": "page.completed",
    "payload": {"email": "Alex@Example.com", "first_name": "Alex", "page_id": "crm"},
}


@pytest.fixture
def rule() -> Rule:
    connection = make_connection(name="Acme AC")
    make_catalog(connection.account)
    return make_rule(connection=connection, page_id="crm")


def held(rule: Rule, event: Any = EVENT, **over: Any) -> Pasted:
    return held_against(replace(draft_of(rule), **over), json.dumps(event))


def test_a_fitting_event_shows_mapped_input_and_requests(rule: Rule) -> None:
    found = held(rule)

    assert (found.ok, found.email, found.stopped) == (True, "alex@example.com", "")
    assert found.values == (("email", "alex@example.com"), ("firstName", "Alex"))
    sync, tag = found.requests
    assert (sync.method, sync.address) == (
        "POST",
        "https://acme.api-us1.com/api/3/contact/sync",
    )
    assert json.loads(sync.body) == {"contact": {"email": "alex@example.com", "firstName": "Alex"}}
    assert json.loads(tag.body) == {"contactTag": {"contact": "{contact id}", "tag": "12"}}


def test_an_event_that_does_not_fit_says_where(rule: Rule) -> None:
    found = held(rule, page_id="team", sequence_step="3")
    told = {name: (check.expected, check.actual, check.ok) for name, check in found.checks}
    assert not found.ok
    assert told["Page"] == ("team", "crm", False)
    assert told["Step"] == ("3", "", False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "JSON"),
        ('{"event": "a"}', "payload is required"),
        ('{"event": "a", "payload": {"email": "no"}}', "payload.email must be an email"),
    ],
)
def test_what_meshes_would_refuse_is_refused_in_words(rule: Rule, text: str, said: str) -> None:
    found = held_against(draft_of(rule), text)
    assert said in found.fault
    assert not found.requests


def test_an_event_without_an_email_would_stop(rule: Rule) -> None:
    found = held(rule, {"event": "page.completed", "payload": {"page_id": "crm"}})
    assert found.ok
    assert found.stopped
    assert not found.requests


def test_the_page_shows_it_without_a_secret_and_stores_nothing(staff: Client, rule: Rule) -> None:
    given = {"connection": str(rule.connection_id), "event": "page.completed", "days": "7"}
    given |= {"action": "add_tag", "target_label": "step-3-complete", "target_id": "12"}
    given |= {"body": json.dumps({**EVENT, "payload": {**EVENT["payload"], "x": "<b>"}})}

    page = staff.post(PASTE, given).content.decode()

    assert "The rule matches this event." in page
    assert "contact/sync" in page
    assert API_KEY not in page
    assert "<b>" not in page
    assert not Event.objects.exists()
