"""Values out of a client's object: exact types, and every fault at once."""

from __future__ import annotations

from uuid import UUID

import pytest

from meshes.api_errors import BadRequest
from meshes.body_fields import BodyFields

ID = "6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77"


def faults(fields):
    with pytest.raises(BadRequest) as refused:
        fields.refuse_faults()
    return [tuple(fault) for fault in refused.value.data]


def test_good_values_are_taken_as_they_are():
    body = {"name": "n", "on": False, "id": ID.upper(), "data": {"a": 1}, "number": 3}
    fields = BodyFields(body)

    assert fields.text("name", required=True, longest=1, pattern=("[a-z]", "x")) == "n"
    assert fields.flag("on", default=True) is False
    assert fields.uuid("id") == UUID(ID)
    assert fields.object("data") == {"a": 1}
    assert fields.whole_number("number", smallest=3) == 3
    fields.refuse_faults()


def test_absent_values_are_none_and_flags_their_default():
    fields = BodyFields({})

    assert [fields.text("a"), fields.uuid("b"), fields.object("c")] == [None, None, None]
    assert fields.whole_number("d") is None
    assert fields.flag("e", default=True) is True
    assert not fields.has("a")
    fields.refuse_faults()


def test_null_counts_as_sent_and_only_where_it_may_stand():
    fields = BodyFields({"a": None, "b": None})

    assert fields.has("a")
    assert [fields.text("a", nullable=True), fields.text("b")] == [None, None]
    assert faults(fields) == [("b", "must be a string")]


def test_every_fault_is_told_in_the_order_of_asking():
    fields = BodyFields({"b": 1, "c": "no", "d": [], "e": True, "f": 0, "g": "long", "h": 1})
    fields.text("a", required=True)
    fields.text("b")
    fields.uuid("c")
    fields.object("d")
    fields.whole_number("e")
    fields.whole_number("f", smallest=1)
    fields.text("g", longest=3)
    fields.flag("h", default=False)
    fields.fault("i", "is odd")

    assert faults(fields) == [
        ("a", "is required"),
        ("b", "must be a string"),
        ("c", "must be a UUID"),
        ("d", "must be a JSON object"),
        ("e", "must be a whole number"),
        ("f", "must be at least 1"),
        ("g", "must not be longer than 3 characters"),
        ("h", "must be true or false"),
        ("i", "is odd"),
    ]


@pytest.mark.parametrize(
    "text", ["", ID[:-1], f"{ID} ", f"{{{ID}}}", ID.replace("-", ""), "é" * 36]
)
def test_an_id_has_one_spelling(text):
    fields = BodyFields({"id": text})

    assert fields.uuid("id") is None
    assert faults(fields) == [("id", "must be a UUID")]
