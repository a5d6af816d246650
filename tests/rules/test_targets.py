"""What an account offers to rules, by id, by name and by search."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from connections.models import Connection
from rules.targets import (
    action_of,
    actions_of,
    core_fields_of,
    known_dests,
    search_targets,
    target_named,
)
from tests.builders import make_account, make_catalog, make_catalog_entry, make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Connection:
    return make_connection()


def tag(connection: Connection, external_id: str, label: str, **over: Any) -> None:
    make_catalog_entry(connection.account, external_id=external_id, label=label, **over)


def test_the_destination_declares_five_actions() -> None:
    keys = {action.key for action in actions_of("activecampaign")}
    assert keys == {"add_tag", "remove_tag", "add_to_list", "remove_from_list", "sync_contact"}


def test_an_unknown_destination_declares_nothing() -> None:
    assert (actions_of("gone"), core_fields_of("gone"), action_of("gone", "x")) == ((), (), None)


def test_a_mapping_may_fill_core_fields_and_the_accounts_own(connection: Connection) -> None:
    make_catalog(connection.account)
    assert known_dests(connection) == {"email", "firstName", "lastName", "phone", "7"}


@pytest.mark.parametrize(
    ("text", "found"),
    [("12", "5"), ("7", "7"), ("Alpha", "6"), ("alpha", "8"), (" BETA ", "7"), ("ALPHA", None)],
)
def test_a_typed_target_is_a_name_before_it_is_an_id(
    connection: Connection, text: str, found: str | None
) -> None:
    for external_id, label in (("5", "12"), ("6", "Alpha"), ("7", "Beta"), ("8", "alpha")):
        tag(connection, external_id, label)
    tag(connection, "12", "gone", gone_at=timezone.now())

    named = target_named(connection, kind="tag", text=text)

    assert (named.external_id if named else None) == found


def test_a_search_finds_parts_of_names_among_all_that_is_present(connection: Connection) -> None:
    for number in range(300):
        tag(connection, str(number), f"Step {number:03}")
    tag(connection, "900", "Step 299 (old)", gone_at=timezone.now())
    make_catalog_entry(make_account(key="other"), external_id="1", label="Step 299")
    make_catalog_entry(connection.account, kind="list", external_id="1", label="Step 299")

    found, more = search_targets(connection, kind="tag", text=" sTeP 29", limit=3)

    assert [each.label for each in found] == ["Step 290", "Step 291", "Step 292"]
    assert more
    (last,), more = search_targets(connection, kind="tag", text="299", limit=50)
    assert (last.external_id, more) == ("299", False)


def test_a_search_treats_wildcards_as_text(connection: Connection) -> None:
    tag(connection, "1", "50% off")
    tag(connection, "2", "500 off")
    ((found,), _) = search_targets(connection, kind="tag", text="0%\x00", limit=9)
    assert found.label == "50% off"


def test_a_connection_whose_key_was_never_accepted_sees_nothing() -> None:
    connection = make_connection(last_check={})
    make_catalog(connection.account)

    assert search_targets(connection, kind="tag", text="", limit=9) == ([], False)
    assert target_named(connection, kind="tag", text="12") is None
    assert known_dests(connection) == {"email", "firstName", "lastName", "phone"}
