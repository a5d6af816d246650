"""What a mapping makes of a payload, transform by transform."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.mapping import Mapped, email_of, evaluate, generated_schema, validate_schema
from rules.transforms import TRANSFORMS

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
PARAMETERS = {"default": {"value": 1}, "substring": {"start": 1}}
TRANSFORM = st.sampled_from(
    [
        *({"type": kind} | PARAMETERS.get(kind, {}) for kind in (*TRANSFORMS, "default")),
        {"type": "to_date", "timezone": "America/New_York"},
        {"type": "to_datetime", "timezone": "Asia/Kolkata"},
    ]
)
FIELD = st.fixed_dictionaries(
    {
        "dest": st.sampled_from(["email", "firstName", "7"]),
        "source": st.sampled_from(
            [{"type": "path", "value": path} for path in ("a", "a.b", "a.0", "b.1.a")]
        ),
        "transforms": st.lists(TRANSFORM, max_size=4),
        "on_error": st.sampled_from(["skip_field", "warn_action", "fail_action"]),
    }
)


def schema(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"schema_version": 1, "fields": list(fields)}


def field(path: str = "x", *transforms: dict[str, Any], **over: Any) -> dict[str, Any]:
    source = {"type": "path", "value": path}
    return {"dest": "firstName", "source": source, "transforms": list(transforms), **over}


def mapped(value: Any, *transforms: dict[str, Any], **over: Any) -> Mapped:
    return evaluate(schema(field("x", *transforms, **over)), {"x": value})


def test_the_generated_mapping_fills_the_four_core_fields() -> None:
    payload = {
        "email": " Rosa@Example.ORG ",
        "first_name": "Rosa",
        "last_name": "Blau",
        "phone": "+49 1",
    }

    assert evaluate(generated_schema(), payload) == Mapped(
        {"email": "rosa@example.org", "firstName": "Rosa", "lastName": "Blau", "phone": "+49 1"}
    )
    dests = {"email", "firstName", "lastName", "phone"}
    assert validate_schema(generated_schema(), known_dests=dests) == []


@pytest.mark.parametrize("empty", [None, "", " \t\n", [], {}])
def test_an_empty_value_is_left_out(empty: object) -> None:
    assert mapped(empty) == Mapped()


@pytest.mark.parametrize("value", [0, False, 0.0, "0", [None], {"a": None}])
def test_a_value_that_says_something_is_kept(value: object) -> None:
    assert mapped(value).values == {"firstName": value}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("user.email", "a"),
        ("list.1", 2),
        ("list.9", None),
        ("list.x", None),
        ("list.99999999999999999999", None),
        ("user.email.x", None),
        ("none.x", None),
        ("deep.0.a", "b"),
        ("deep.0.0", "digits"),
    ],
)
def test_a_path_leads_through_objects_and_lists(path: str, found: object) -> None:
    payload = {
        "user": {"email": "a"},
        "list": [1, 2],
        "none": None,
        "deep": [{"a": "b", "0": "digits"}],
    }
    values = evaluate(schema(field(path)), payload).values
    assert values == ({} if found is None else {"firstName": found})


@pytest.mark.parametrize(("literal", "values"), [("Friend", {"firstName": "Friend"}), (None, {})])
def test_a_literal_needs_no_payload(literal: object, values: dict[str, Any]) -> None:
    given = field(source={"type": "literal", "value": literal})
    assert evaluate(schema(given), {}).values == values


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("to_string", "a", "a"),
        ("to_string", True, "true"),
        ("to_string", False, "false"),
        ("to_string", 3, "3"),
        ("to_string", 3.0, "3"),
        ("to_string", 2.5, "2.5"),
        ("to_number", 7, 7),
        ("to_number", " 42 ", 42),
        ("to_number", "-4.5", -4.5),
        ("to_number", "1e3", 1000.0),
        ("to_boolean", True, True),
        ("to_boolean", 0, False),
        ("to_boolean", 1.0, True),
        ("to_boolean", " YES ", True),
        ("to_boolean", "no", False),
        ("to_date", "2026-06-01", "2026-06-01"),
        ("to_date", "2026-06-01T23:30:00Z", "2026-06-01"),
        ("to_date", 1_780_272_000, "2026-06-01"),
        ("to_date", 1_780_272_000_000, "2026-06-01"),
        ("to_datetime", "2026-06-01T09:15:00.123Z", "2026-06-01T09:15:00+00:00"),
        ("to_datetime", "2026-06-01", "2026-06-01T00:00:00+00:00"),
        ("trim", " a ", "a"),
        ("trim", 5, 5),
        ("lower", "ÄB", "äb"),
        ("lower", 5, 5),
        ("upper", "ab", "AB"),
        ("upper", 5, 5),
    ],
)
def test_a_transform_changes_the_value(kind: str, value: Any, result: Any) -> None:
    found = mapped(value, {"type": kind}, on_error="fail_action")
    assert (found.values.get("firstName"), found.failed) == (result, "")


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("to_date", "2026-06-01T02:00:00Z", "2026-05-31"),
        ("to_date", "2026-06-01T02:00:00", "2026-06-01"),
        ("to_datetime", "2026-06-01T02:00:00Z", "2026-05-31T22:00:00-04:00"),
        ("to_datetime", "2026-06-01T02:00:00", "2026-06-01T02:00:00-04:00"),
        ("to_datetime", "2026-06-01", "2026-06-01T00:00:00-04:00"),
    ],
)
def test_a_time_without_an_offset_is_already_in_the_zone(
    kind: str, value: str, result: str
) -> None:
    found = mapped(value, {"type": kind, "timezone": "America/New_York"})
    assert found.values == {"firstName": result}


@pytest.mark.parametrize(
    ("parameters", "result"),
    [({"start": 2}, "cdef"), ({"start": 1, "length": 3}, "bcd"), ({"start": 9}, None)],
)
def test_a_substring_is_a_slice(parameters: dict[str, int], result: str | None) -> None:
    found = mapped("abcdef", {"type": "substring", **parameters})
    assert found.values.get("firstName") == result


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("to_string", ["canary"]),
        ("to_string", {"canary": 1}),
        ("to_string", float("inf")),
        ("to_string", float("nan")),
        pytest.param("to_string", 10**5000, id="huge text"),
        ("to_number", "canary"),
        ("to_number", True),
        ("to_number", "1e999"),
        ("to_number", float("inf")),
        ("to_number", "9" * 61),
        ("to_boolean", "canary"),
        ("to_boolean", 2),
        ("to_date", "canary"),
        ("to_date", True),
        ("to_date", "2026-13-01"),
        ("to_datetime", 1e300),
        pytest.param("to_datetime", 10**5000, id="huge time"),
        ("to_datetime", float("nan")),
        ("to_datetime", "canary is no date"),
        ("substring", 12345),
    ],
)
def test_a_value_that_cannot_be_used_stops_skips_or_warns(kind: str, value: Any) -> None:
    transform = {"type": kind, "start": 0}

    skipped, warned, stopped = (
        mapped(value, transform, on_error=on_error)
        for on_error in ("skip_field", "warn_action", "fail_action")
    )

    assert skipped == mapped(value, transform) == Mapped()
    assert (warned.values, len(warned.warnings), warned.failed) == ({}, 1, "")
    assert (stopped.values, stopped.warnings) == ({}, ())
    assert stopped.failed == warned.warnings[0]
    assert stopped.failed.startswith('The value for the field "firstName" ')
    assert "canary" not in stopped.failed


def test_a_moment_out_of_the_calendar_is_no_date() -> None:
    zone = {"type": "to_datetime", "timezone": "America/New_York"}
    assert mapped("0001-01-01T00:00:00Z", zone, on_error="fail_action").failed


def test_a_zone_that_is_gone_is_an_error_of_the_field() -> None:
    zone = {"type": "to_date", "timezone": "Mars/Olympus"}
    assert "unknown time zone" in mapped("2026-06-01", zone, on_error="fail_action").failed


@pytest.mark.parametrize(("value", "result"), [(None, 5), (" ", 5), ([], 5), (0, 0), ("7", 7)])
def test_a_default_stands_in_for_an_empty_value(value: Any, result: Any) -> None:
    transforms: list[dict[str, Any]] = [{"type": "to_number"}, {"type": "default", "value": 5}]
    assert mapped(value, *transforms).values == {"firstName": result}


def test_a_missing_value_without_a_default_is_no_error() -> None:
    found = mapped(None, {"type": "to_number"}, on_error="fail_action")
    assert found == Mapped()


def test_a_field_that_warns_does_not_keep_others_from_arriving() -> None:
    fields = [field("x", {"type": "to_date"}, on_error="warn_action"), field("y", dest="phone")]
    found = evaluate(schema(*fields), {"x": "canary", "y": "1"})
    assert (found.values, len(found.warnings)) == ({"phone": "1"}, 1)


@given(st.lists(FIELD, max_size=4), st.dictionaries(st.sampled_from("ab"), VALUES))
def test_no_payload_raises(fields: list[dict[str, Any]], payload: dict[str, Any]) -> None:
    found = evaluate(schema(*fields), payload)
    email = email_of(schema(*fields), payload)
    assert email == "" or "@" in email
    assert not any(value is None for value in found.values.values())


@given(
    st.lists(FIELD, max_size=4),
    st.dictionaries(st.sampled_from("ab"), st.lists(st.just("CANARY")) | st.just("CANARY")),
)
def test_no_sentence_repeats_the_payload(
    fields: list[dict[str, Any]], payload: dict[str, Any]
) -> None:
    found = evaluate(schema(*fields), payload)
    assert "canary" not in json.dumps([found.warnings, found.failed]).casefold()


@pytest.mark.parametrize(
    ("fields", "payload", "email"),
    [
        (generated_schema()["fields"], {"email": " Rosa+1@Bücher.DE"}, "rosa+1@xn--bcher-kva.de"),
        ([field("user.mail", dest="email")], {"user": {"mail": "A@B.org"}}, "a@b.org"),
        ([field("x")], {"x": "a@b.org"}, ""),
        ([], {"email": "a@b.org"}, ""),
        (generated_schema()["fields"], {}, ""),
        (generated_schema()["fields"], {"email": "rosa"}, ""),
        ([field("x", {"type": "to_string"}, dest="email")], {"x": ["a@b.org"]}, ""),
    ],
)
def test_the_email_is_found_by_the_mapping_alone(
    fields: list[dict[str, Any]], payload: dict[str, Any], email: str
) -> None:
    assert email_of(schema(*fields), payload) == email
