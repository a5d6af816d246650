"""Mapped values on the wire, by type of field."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.activecampaign.builders import contact_sync
from connections.destinations.activecampaign.fields import TYPES, formatted
from tests.connections.activecampaign.script import EMAIL, job


@pytest.mark.parametrize(
    ("type_", "value", "wire"),
    [
        ("string", "Gold", "Gold"),
        ("text", "two\nlines", "two\nlines"),
        ("hidden", 3, "3"),
        ("", 3.0, "3"),
        ("string", 3.25, "3.25"),
        ("string", 1e21, "1000000000000000000000"),
        ("string", 1e-7, "0.0000001"),
        ("string", Decimal("10.50"), "10.5"),
        ("string", float("nan"), ""),
        ("string", True, "true"),
        ("string", False, "false"),
        ("string", 0, "0"),
        ("string", None, ""),
        ("string", "  ", ""),
        ("string", ["a", None, 2], "a, 2"),
        ("string", {"a": 1}, '{"a": 1}'),
        ("string", {}, ""),
        ("string", date(2026, 3, 2), "2026-03-02"),
        ("date", "2026-03-02", "2026-03-02"),
        ("date", "2026-03-02T23:15:00-06:00", "2026-03-02"),
        ("date", datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-02"),
        ("date", "next week", "next week"),
        ("datetime", "2026-03-02T09:15:00Z", "2026-03-02T09:15:00+00:00"),
        ("datetime", "2026-03-02T09:15:00.123-06:00", "2026-03-02T09:15:00-06:00"),
        ("datetime", "2026-03-02", "2026-03-02T00:00:00+00:00"),
        ("datetime", "soon", "soon"),
        ("dropdown", " Gold ", "Gold"),
        ("enum", "Gold", "Gold"),
        ("checkbox", "Gold", "||Gold||"),
        ("listbox", ["Gold", "Beta", "Gold"], "||Gold||Beta||"),
        ("multi_enum", "||Gold||Beta||", "||Gold||Beta||"),
        ("multi_enum", [], ""),
        ("multi_enum", "||||", ""),
        ("multi_enum", [True, 2], "||true||2||"),
        ("a type of tomorrow", 5, "5"),
    ],
)
def test_a_value_is_written_as_its_field_takes_it(type_, value, wire):
    assert formatted(value, type_) == wire


def test_every_type_of_theirs_has_one_of_ours():
    assert set(TYPES.values()) == {"string", "date", "datetime", "enum", "multi_enum"}


def test_empty_values_and_unknown_fields_are_left_out():
    values = {"firstName": "", "lastName": "Poe", "6": None, "8": "Gold", "99": "lost", "x": "y"}

    request = contact_sync(job("sync_contact", values=values, field_types={"6": "", "8": "enum"}))

    assert request.body == {
        "contact": {
            "email": EMAIL,
            "lastName": "Poe",
            "fieldValues": [{"field": "8", "value": "Gold"}],
        }
    }


def digest(**values):
    types = {key: "string" for key in values if key.isdigit()}
    return DESTINATION.fields_hash(job("add_tag", values=values, field_types=types))


def test_the_digest_is_the_same_for_the_same_fields_in_any_order():
    assert digest(firstName="Ada", **{"6": "1"}) == digest(**{"6": 1, "firstName": "Ada"})
    assert digest(phone="1") == "b9d6a8354938ac5bd86b17ed5ed8ed1dea9a0dd4d72e0deda4d3cdca48a1f7aa"


def test_the_digest_tells_a_field_from_another_and_a_value_from_another():
    several = {digest(phone="1"), digest(phone="2"), digest(lastName="1"), digest(**{"6": "1"})}

    assert len(several) == 4


def test_there_is_no_digest_where_a_sync_would_write_nothing():
    assert digest() == digest(firstName="", unknown="x") == ""
