"""Strict JSON: what is read, what is refused, and that no body breaks the reader."""

from __future__ import annotations

import json
import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshes.api_errors import BadRequest
from meshes.strict_json import DEEPEST, parse


def fault(raw: bytes) -> tuple[str, str]:
    with pytest.raises(BadRequest) as refused:
        parse(raw)
    (only,) = refused.value.data
    return only


def message(raw: bytes) -> str:
    with pytest.raises(BadRequest) as refused:
        parse(raw)
    assert refused.value.data == ()
    return refused.value.message


scalars = st.none() | st.booleans() | st.integers(-(10**90), 10**90) | st.floats(allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
values = st.recursive(
    scalars.filter(lambda value: value not in (float("inf"), float("-inf"))) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=30,
)


@given(values, st.booleans())
def test_ordinary_json_is_read_as_the_standard_library_reads_it(value, ascii_only):
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()

    assert parse(raw) == value


@given(st.binary(max_size=200) | st.text('[]{}":,\\u0d8eE+-1. \n', max_size=60).map(str.encode))
def test_any_bytes_are_either_read_or_refused(raw):
    with suppress(BadRequest):
        parse(raw)


def test_a_byte_order_mark_is_tolerated():
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    "raw",
    ["é".encode("latin-1"), '{"a": 1}'.encode("utf-16"), b'"\xed\xa0\x80"'],
    ids=["latin-1", "utf-16", "surrogate bytes"],
)
def test_only_utf_8_is_read(raw):
    assert message(raw) == "The body is not UTF-8."


@pytest.mark.parametrize("raw", [b"{", b"nul", b'{"a": 1,}', b"01", b"'a'", b'"a\nb"', b"\x00"])
def test_malformed_json_is_refused_with_its_place(raw):
    assert message(raw).startswith("The body is not valid JSON (line 1, column ")


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_refused(raw):
    param, said = fault(f'{{"payload": {{"scores": [1, {raw}]}}}}'.encode())

    assert param == "payload.scores[1]"
    assert said == "must be a finite number that 64-bit floating point can hold"


@pytest.mark.parametrize("digits", [101, 5000, 100_000])
def test_endless_integers_are_refused(digits):
    assert fault(b'[{"n": ' + b"9" * digits + b"}]") == (
        "[0].n",
        "must not have more than 100 digits",
    )


def test_an_integer_of_a_hundred_digits_is_read_exactly():
    assert parse(b"9" * 100) == 10**100 - 1


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (rb'{"payload": {"name": "a\u0000b"}}', "payload.name"),
        (rb'{"payload": {"a\u0000": 1}}', "payload.a?"),
        (rb'{"a\ud800": 1}', "a?"),
        (rb'"\u0000"', "body"),
    ],
)
def test_text_that_no_database_can_keep_is_refused(raw, param):
    assert fault(raw)[0] == param


def test_half_a_character_becomes_the_sign_for_one_that_is_lost():
    raw = rb'{"payload": {"name": "Rosa \ud83d", "tags": ["\udc00\ud83d", "\ud83d\ude00"]}}'

    assert parse(raw) == {"payload": {"name": "Rosa \ufffd", "tags": ["\ufffd\ufffd", "😀"]}}


def test_surrogates_in_pairs_and_escaped_backslashes_are_fine():
    assert parse(rb'["\ud83d\ude00", "\\u0000"]') == ["😀", "\\u0000"]


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (b'{"event": 1, "event": 1}', "event"),
        (b'{"payload": {"a": {"email": "x", "b": 1, "email": "y"}}}', "payload.a.email"),
        (b'[{}, {"a": [{"b": 1, "b": 2}]}]', "[1].a[0].b"),
        (b'{"a": {"b": 1, "b": 2}, "a": 3}', "a"),
        (rb'{"a": 1, "\u0061": 2}', "a"),
    ],
)
def test_a_key_that_appears_twice_is_refused_at_any_depth(raw, param):
    assert fault(raw) == (param, "must not appear twice in one object")


def test_no_fault_repeats_a_value_and_long_places_are_cut():
    key = "k" * 500

    param, said = fault(json.dumps({key: "secret\x00value"}).encode())

    assert param == "k" * 200
    assert "secret" not in said


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"[]" + b"}" * (levels - 1)


def test_the_deepest_nesting_that_is_allowed_is_read():
    assert parse(nested(DEEPEST))
    assert parse(nested(DEEPEST + 1), deepest=DEEPEST + 1)


@pytest.mark.parametrize(
    "raw",
    [nested(DEEPEST + 1), b"[" * 2_500_000, b'{"":' * 1_000_000, b"[" * 100_000 + b"]" * 100_000],
    ids=["one too deep", "only brackets", "only objects", "balanced"],
)
def test_deeper_nesting_is_refused_before_the_parser_recurses(raw):
    assert message(raw) == "The body nests deeper than 64 levels."


def test_brackets_inside_strings_do_not_count():
    text = '[[{"\\' * 50

    assert parse(json.dumps([text] * 3).encode()) == [text] * 3
    assert parse(json.dumps(["[" * 100]).encode()) == ["[" * 100]


def test_an_open_string_full_of_quotes_is_refused_at_once():
    raw = b'["' + rb"\"" * 1_000_000 + b"[" * 70

    assert message(raw).startswith("The body is not valid JSON")


def test_a_small_stack_is_enough():
    found: list[object] = []
    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(parse(nested(DEEPEST))))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()

    assert found
