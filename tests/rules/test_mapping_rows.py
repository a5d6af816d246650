"""The mapping as typed text: what is shown is what is stored, and what is typed is judged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.mapping_rows import Row, field_of, rows_of, sent_rows
from rules.mapping_schema import validate_schema
from rules.mapping_steps import Step

VALUE = "Key in the payload, or the value"
PATHS = st.from_regex(r"[a-z_][a-z0-9_]{0,9}(\.[a-z0-9_]{1,5}){0,3}", fullmatch=True)
TEXTS = st.text(st.characters(codec="ascii", exclude_characters="\x00\r"), min_size=1, max_size=40)
LITERALS = TEXTS | st.booleans() | st.none() | st.integers(-(10**12), 10**12)
TRANSFORMS = st.one_of(
    st.sampled_from([{"type": each} for each in ("trim", "lower", "upper", "to_number")]),
    st.builds(lambda value: {"type": "default", "value": value}, LITERALS),
    st.builds(lambda n: {"type": "substring", "start": n, "length": n + 1}, st.integers(0, 99)),
    st.sampled_from([{"type": "to_date"}, {"type": "to_datetime", "timezone": "Europe/Berlin"}]),
)
SOURCES = st.builds(lambda value: {"type": "path", "value": value}, PATHS) | st.builds(
    lambda value: {"type": "literal", "value": value}, LITERALS
)


def as_sent(rows: list[Row]) -> dict[str, str]:
    sent: dict[str, str] = {}
    for number, row in enumerate(rows):
        for name in ("dest", "kind", "source", "on_error", "notes"):
            sent[f"row-{number}-{name}"] = getattr(row, name)
        for place, step in enumerate(row.steps):
            sent[f"row-{number}-step-{place}-kind"] = step.kind
            sent[f"row-{number}-step-{place}-value"] = step.value
    return sent


@given(SOURCES, st.lists(TRANSFORMS, max_size=10), st.sampled_from(["warn_action", "fail_action"]))
def test_a_stored_mapping_survives_being_shown_and_sent(source, transforms, on_error):
    entry: dict[str, Any] = {"dest": "phone", "source": source, "on_error": on_error}
    entry |= {"transforms": transforms} if transforms else {}
    schema = {"schema_version": 1, "fields": [entry]}

    sent = sent_rows(as_sent(rows_of(schema)))

    assert (sent.schema, sent.faulty) == (schema, False)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=12))
def test_nothing_that_is_sent_breaks_the_reading(data):
    sent = sent_rows(data | {"row-0-dest": "phone", "row-0-kind": data.get("kind", "odd")})

    validate_schema(sent.schema, known_dests={"phone"})


@pytest.mark.parametrize(
    ("kind", "text", "part", "fault"),
    [
        ("number", "three", "source", f"{VALUE}: Enter a number, such as 3 or 2.5."),
        ("truth", "maybe", "source", f"{VALUE}: Enter true or false."),
        ("odd", "x", "kind", "Choose where the value comes from."),
    ],
)
def test_a_fixed_value_that_cannot_be_read_is_said_beside_its_row(kind, text, part, fault):
    row = Row("phone", kind, text)

    field_of(row)

    assert [each.words for each in row.faults] == [fault]
    assert row.marked == {part}


def test_a_part_without_a_start_is_said_with_its_step():
    row = Row("phone", "path", "phone", [Step("trim"), Step("substring", "all")])

    field_of(row)

    assert [each.words for each in row.faults] == [
        "Step 2: Enter where the part starts, and its length if it has one: 0, 5."
    ]
    assert row.marked == {"step-1"}


def test_rows_that_are_empty_or_to_go_are_left_out():
    rows = [Row(), Row("phone", "path", "phone"), Row("email", "path", "email")]
    sent = sent_rows(as_sent(rows) | {"row-1-remove": "1"})

    assert [each["dest"] for each in sent.schema["fields"]] == ["email"]
    assert len(sent.rows) == 3


def test_faults_of_the_schema_stand_beside_the_rows_they_are_about():
    sent = sent_rows(as_sent([Row(), Row("nowhere", "path", "a b"), Row("phone", "path", "phone")]))

    sent.blame(validate_schema(sent.schema, known_dests={"phone"}))

    assert [row.marked for row in sent.rows] == [set(), {"dest", "source"}, set()]
    assert [each.words for each in sent.rows[1].faults] == [
        "Field of the contact: The account has no such field. Refresh its fields, or choose "
        "another.",
        f'{VALUE}: Name the payload\'s key, such as "email" or "user.email".',
    ]
    assert sent.faults == []


def test_more_than_ten_steps_are_refused_and_not_cut():
    sent = sent_rows(as_sent([Row("phone", "path", "phone", [Step("trim")] * 11)]))

    sent.blame(validate_schema(sent.schema, known_dests={"phone"}))

    assert [each.words for each in sent.rows[0].faults] == [
        "Steps: The transforms must be a list of at most 10."
    ]
