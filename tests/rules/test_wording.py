"""Rules and their changes in words."""

from __future__ import annotations

from typing import Any

import pytest

from connections.models import Connection
from rules.models import MappingVersion, Rule, RuleVersion
from rules.wording import action_words, change_words, condition_words


def version(change: str = "edited", **over: Any) -> RuleVersion:
    given: dict[str, Any] = {"name": "Step 3", "event": "page.completed", "matches": True, **over}
    mapping = MappingVersion(version=4)
    connection = Connection(name="Acme AC", kind="activecampaign")
    return RuleVersion(change=change, mapping=mapping, connection=connection, **given)


def test_a_rule_that_asks_only_for_the_event_says_only_that() -> None:
    assert condition_words(Rule(event="signed.up")) == "signed.up"


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"action": "add_tag", "target_label": "new"}, "add tag new in Acme AC"),
        ({"action": "add_tag", "target_id": "12"}, "add tag 12 in Acme AC"),
        ({"action": "sync_contact"}, "sync contact in Acme AC"),
        ({"action": "send_fax"}, "send fax in Acme AC"),
    ],
)
def test_an_action_is_said_with_its_target_and_connection(over: dict[str, str], words: str) -> None:
    assert action_words(version(**over)) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("created", "Created"),
        ("activated", "Switched on"),
        ("deactivated", "Switched off"),
        ("held", "On hold until the target is repaired"),
        ("released", "No longer on hold"),
        ("mapping", "New field mapping, version 4"),
        ("deleted", "Deleted"),
        ("edited", "Edited"),
    ],
)
def test_a_change_is_said_in_words(change: str, words: str) -> None:
    assert change_words(version(change), None) == words


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {"page_id": "crm"}, "Edited: page any → “crm”"),
        ({"resubscribe": False}, {"resubscribe": True}, "Edited: subscribe again no → yes"),
        (
            {},
            {"name": "Step 4", "matches": False},
            "Edited: name “Step 3” → “Step 4”; switched off",
        ),
        (
            {"matches": False},
            {"matches": True, "name": "B"},
            "Edited: name “Step 3” → “B”; switched on",
        ),
        ({}, {}, "Edited: the same in words"),
    ],
)
def test_an_edit_says_what_is_different(
    before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    connection = Connection(name="Acme AC", kind="activecampaign")
    pair = (version(**before), version(**after))
    for each in pair:
        each.connection = connection
    assert change_words(pair[1], pair[0]) == words
