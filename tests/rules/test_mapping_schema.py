"""Which mapping schemas are well formed, and what is said about the others."""

from __future__ import annotations

from typing import Any

import pytest

from rules.mapping import validate_schema

DESTS = {"email", "firstName", "7"}


def faults(schema: object) -> list[tuple[str, str]]:
    return validate_schema(schema, known_dests=DESTS)


def field(**over: Any) -> dict[str, Any]:
    return {"dest": "email", "source": {"type": "path", "value": "email"}, **over}


def schema(*fields: Any, **over: Any) -> dict[str, Any]:
    return {"schema_version": 1, "fields": list(fields), **over}


@pytest.mark.parametrize(
    "good",
    [
        schema(),
        schema(schema_version=1.0),
        schema(meta={}),
        schema(meta={"name": "Default", "notes": "For the onboarding."}),
        schema(field(), field(dest="7", source={"type": "literal", "value": "Friend"})),
        schema(field(source={"type": "literal", "value": None})),
        schema(field(source={"type": "literal", "value": False})),
        schema(field(source={"type": "path", "value": "items.0.name"})),
        schema(field(on_error="warn_action", notes="Why.")),
        schema(field(transforms=[{"type": "trim"}] * 10)),
        schema(field(transforms=[{"type": "to_date", "timezone": "Europe/Berlin"}])),
        schema(field(transforms=[{"type": "to_datetime"}])),
        schema(field(transforms=[{"type": "default", "value": 1.5}])),
        schema(field(transforms=[{"type": "substring", "start": 0, "length": 1}])),
    ],
)
def test_a_well_formed_schema_has_no_fault(good: object) -> None:
    assert faults(good) == []


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ([], ""),
        ({"fields": []}, "schema_version"),
        (schema(schema_version=True), "schema_version"),
        (schema(schema_version=2), "schema_version"),
        (schema(schema_version="1"), "schema_version"),
        ({"schema_version": 1}, "fields"),
        (schema(fields={}), "fields"),
        (schema(fields=[field()] * 251), "fields"),
        (schema(extra=1), "extra"),
        (schema(meta=None), "meta"),
        (schema(meta={"name": ""}), "meta.name"),
        (schema(meta={"notes": "n" * 1025}), "meta.notes"),
        (schema("email"), "fields[0]"),
        (schema(field(dest="nothing")), "fields[0].dest"),
        (schema(field(dest="")), "fields[0].dest"),
        (schema(field(dest=7)), "fields[0].dest"),
        (schema(field(), field()), "fields[1].dest"),
        (schema(field(on_eror="skip_field")), "fields[0].on_eror"),
        (schema(field(on_error="stop")), "fields[0].on_error"),
        (schema(field(on_error=[])), "fields[0].on_error"),
        (schema(field(notes="")), "fields[0].notes"),
        (schema(field(notes="a\x00b")), "fields[0].notes"),
        (schema({"dest": "email"}), "fields[0].source"),
        (schema(field(source={"type": "template", "value": "x"})), "fields[0].source"),
        (schema(field(source={"type": [], "value": "x"})), "fields[0].source"),
        (schema(field(source={"type": "path", "value": "$.email"})), "fields[0].source.value"),
        (schema(field(source={"type": "path", "value": "email\n"})), "fields[0].source.value"),
        (schema(field(source={"type": "path", "value": "a" * 129})), "fields[0].source.value"),
        (schema(field(source={"type": "path"})), "fields[0].source.value"),
        (schema(field(source={"type": "path", "value": "a", "x": 1})), "fields[0].source.x"),
        (schema(field(source={"type": "literal", "value": ""})), "fields[0].source.value"),
        (schema(field(source={"type": "literal", "value": "v" * 257})), "fields[0].source.value"),
        (schema(field(source={"type": "literal", "value": []})), "fields[0].source.value"),
        (schema(field(source={"type": "literal"})), "fields[0].source.value"),
        (schema(field(source={"type": "literal", "value": 10**5000})), "fields[0].source.value"),
        (schema(field(source={"type": "literal", "value": "\ud800"})), "fields[0].source.value"),
        (schema(field(transforms={})), "fields[0].transforms"),
        (schema(field(transforms=[{"type": "trim"}] * 11)), "fields[0].transforms"),
        (schema(field(transforms=["trim"])), "fields[0].transforms[0]"),
        (schema(field(transforms=[{"type": "shout"}])), "fields[0].transforms[0]"),
        (schema(field(transforms=[{"type": []}])), "fields[0].transforms[0]"),
        (schema(field(transforms=[{"type": "trim", "x": 1}])), "fields[0].transforms[0].x"),
        (schema(field(transforms=[{"type": "default"}])), "fields[0].transforms[0].value"),
        (
            schema(field(transforms=[{"type": "default", "value": "v" * 129}])),
            "fields[0].transforms[0].value",
        ),
        (
            schema(field(transforms=[{"type": "to_date", "timezone": "Mars/Olympus"}])),
            "fields[0].transforms[0].timezone",
        ),
        (
            schema(field(transforms=[{"type": "to_date", "timezone": "../UTC"}])),
            "fields[0].transforms[0].timezone",
        ),
        (
            schema(field(transforms=[{"type": "to_datetime", "timezone": 1}])),
            "fields[0].transforms[0].timezone",
        ),
        (schema(field(transforms=[{"type": "substring"}])), "fields[0].transforms[0].start"),
        (
            schema(field(transforms=[{"type": "substring", "start": True}])),
            "fields[0].transforms[0].start",
        ),
        (
            schema(field(transforms=[{"type": "substring", "start": 0, "length": 0}])),
            "fields[0].transforms[0].length",
        ),
    ],
)
def test_a_fault_names_its_place_in_one_sentence(bad: object, path: str) -> None:
    ((where, sentence),) = faults(bad)[:1]
    assert where == path
    assert sentence.endswith((".", ".)", '".'))


@pytest.mark.parametrize(
    ("bad", "bound"),
    [
        (schema(field(source={"type": "literal", "value": 10**60})), "at most 60 digits"),
        (
            schema(field(transforms=[{"type": "substring", "start": 10**9}])),
            "from 0 to 999999999",
        ),
        (
            schema(field(transforms=[{"type": "substring", "start": 0, "length": 10**9}])),
            "from 1 to 999999999",
        ),
    ],
)
def test_a_number_that_is_too_large_is_told_the_largest(bad: object, bound: str) -> None:
    ((_, sentence),) = faults(bad)
    assert bound in sentence


def test_every_fault_is_reported_at_once() -> None:
    found = faults(schema(field(dest="x", on_error="stop"), "email", meta=[]))
    assert [path for path, _ in found] == [
        "fields[0].dest",
        "fields[0].on_error",
        "fields[1]",
        "meta",
    ]
