"""What may be asked for: every rule of the contract, and that the declared shape agrees."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deliveries.reading import EventRequest, is_blank, is_email, is_empty, read_bulk, read_event
from deliveries.schemas import EventSerializer
from meshes.api_errors import ApiError, BadRequest, PayloadTooLarge

MINE = UUID("6b1f0d9c-9b1c-4a65-8a53-2f6f3b0c1e77")
GOOD = {"event": "page.completed", "payload": {"email": "alex@northstar.io"}}


def faults(**over):
    """The faults of a good event with these changes."""
    with pytest.raises(BadRequest) as refused:
        read_event({**GOOD, **over}, workspace_id=MINE)
    assert refused.value.message == "One or more fields are invalid."
    return [tuple(fault) for fault in refused.value.data]


def test_an_event_with_everything_is_read_as_it_was_sent():
    sent = {
        **GOOD,
        "resource": "onboarding_sequence",
        "resource_id": "workspace-setup",
        "type": "event",
        "workspace": str(MINE).upper(),
        "unknown": {"ignored": True},
    }

    assert read_event(sent, workspace_id=MINE) == EventRequest(
        workspace_id=MINE,
        event="page.completed",
        resource="onboarding_sequence",
        resource_id="workspace-setup",
        payload={"email": "alex@northstar.io"},
    )


def test_without_a_workspace_of_its_own_an_event_goes_where_it_says():
    sent = {**GOOD, "workspace": str(MINE)}

    assert read_event(sent, workspace_id=None, among={MINE}).workspace_id == MINE


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({}, "is required with a machine key"),
        ({"workspace": "no"}, "must be a UUID"),
        ({"workspace": str(uuid4())}, "must be a workspace that the machine key may use"),
    ],
    ids=["absent", "no UUID", "closed"],
)
def test_without_a_workspace_of_its_own_an_event_must_name_an_open_one(named, message):
    with pytest.raises(BadRequest) as refused:
        read_event({**GOOD, **named}, workspace_id=None, among={MINE})

    assert refused.value.data == (("workspace", message),)


def test_without_a_resource_an_event_is_global_and_has_no_resource_id():
    read = read_event(GOOD, workspace_id=MINE)

    assert (read.resource, read.resource_id) == ("global", "")


@pytest.mark.parametrize("value", [None, [], "text", 1, True, [GOOD]])
def test_only_an_object_is_an_event(value):
    with pytest.raises(BadRequest) as refused:
        read_event(value, workspace_id=MINE)

    assert refused.value.data == (("body", "must be a JSON object"),)


def test_every_fault_is_told_at_once():
    with pytest.raises(BadRequest) as refused:
        read_event({"resource": "", "payload": {"email": "no", "id": 5}}, workspace_id=MINE)

    assert [fault.param for fault in refused.value.data] == [
        "event",
        "resource",
        "payload.id",
        "payload.email",
    ]


@pytest.mark.parametrize("name", ["event", "resource"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "must not be blank"),
        (" \t\n\u3000\ufeff", "must not be blank"),
        ("n" * 201, "must not be longer than 200 characters"),
        (None, "must be a string"),
        (5, "must be a string"),
        (["page.completed"], "must be a string"),
    ],
)
def test_event_and_resource_are_short_visible_text(name, value, message):
    assert faults(**{name: value}) == [(name, message)]


def test_an_event_of_two_hundred_characters_is_kept_exactly():
    name = " é" * 100

    assert read_event({**GOOD, "event": name}, workspace_id=MINE).event == name


@pytest.mark.parametrize("value", ["", "a b", "a/b", "ä", "x" * 65, "a\n", None, 5, "\u0665"])
def test_a_resource_id_has_its_alphabet(value):
    message = "must be a string of 1 to 64 letters, digits and . _ : -"

    assert faults(resource_id=value) == [("resource_id", message)]


def test_a_resource_id_may_use_all_of_its_alphabet():
    value = "aZ09._:-" * 8

    assert read_event({**GOOD, "resource_id": value}, workspace_id=MINE).resource_id == value


@pytest.mark.parametrize("value", ["", "Event", "rule", None, 1, ["event"], {}])
def test_the_only_type_is_event(value):
    assert faults(type=value) == [("type", 'must be "event"')]


@pytest.mark.parametrize("value", ["", "mine", None, 7, MINE.hex, f"{{{MINE}}}", f"{MINE}\n"])
def test_a_workspace_is_a_uuid(value):
    assert faults(workspace=value) == [("workspace", "must be a UUID")]


def test_a_workspace_other_than_the_keys_is_refused():
    message = "must be the workspace of the publishable key"

    assert faults(workspace=str(uuid4())) == [("workspace", message)]


@pytest.mark.parametrize("value", [None, [], [1], "text", 1, False])
def test_a_payload_is_an_object(value):
    assert faults(payload=value) == [("payload", "must be a JSON object")]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"a": None},
        {"a": "", "b": " \n\ufeff", "c": [], "d": {}},
        {"email": None, "name": ""},
    ],
)
def test_a_payload_that_says_nothing_is_refused(payload):
    message = "must hold at least one value that is not empty"

    assert faults(payload=payload) == [("payload", message)]


@pytest.mark.parametrize("value", [0, False, 0.0, [None], {"a": None}, [[]], "x"])
def test_zero_false_and_anything_inside_a_container_say_something(value):
    assert read_event({**GOOD, "payload": {"k": value, "n": None}}, workspace_id=MINE)


@pytest.mark.parametrize(
    "name",
    ["id", "ip_address", "name", "first_name", "last_name", "phone", "resource_url"],
)
def test_recognized_keys_are_strings_or_null(name):
    assert faults(payload={"x": 1, name: 5}) == [(f"payload.{name}", "must be a string or null")]
    assert read_event({**GOOD, "payload": {"x": 1, name: None}}, workspace_id=MINE)
    assert read_event({**GOOD, "payload": {"x": 1, name: ""}}, workspace_id=MINE)


@pytest.mark.parametrize(
    "value", ["", " ", "alex", "alex@", "@x.io", "a b@x.io", " alex@northstar.io", 5, [], False]
)
def test_a_malformed_email_is_refused(value):
    message = "must be an email address or null"

    assert faults(payload={"x": 1, "email": value}) == [("payload.email", message)]


@pytest.mark.parametrize("value", [None, "ALEX+tag@Northstar.io", "alex@münchen.example"])
def test_an_email_may_be_null_in_capitals_tagged_or_international(value):
    assert read_event({**GOOD, "payload": {"x": 1, "email": value}}, workspace_id=MINE)


@pytest.mark.parametrize("value", [None, {}, {"events": [GOOD]}, "text", 0])
def test_a_bulk_request_is_an_array(value):
    with pytest.raises(BadRequest, match="must be an array"):
        read_bulk(value, workspace_id=MINE)


@pytest.mark.parametrize("number", [0, 101])
def test_a_bulk_request_holds_one_to_a_hundred_events(number):
    with pytest.raises(BadRequest, match="1 to 100 events"):
        read_bulk([GOOD] * number, workspace_id=MINE)


def test_bad_items_stand_between_the_good_ones():
    read = read_bulk([{}, GOOD, 5], workspace_id=MINE)

    assert [type(item) for item in read] == [BadRequest, EventRequest, BadRequest]
    assert [tuple(fault) for fault in read[0].data] == [
        ("[0].event", "is required"),
        ("[0].payload", "is required"),
    ]
    assert read[2].data == (("[2]", "must be a JSON object"),)


def test_when_no_item_is_good_the_request_is_of_no_use():
    with pytest.raises(BadRequest) as refused:
        read_bulk([{"event": "a"}, None], workspace_id=MINE)

    assert refused.value.message == "None of the events is valid."
    assert [fault.param for fault in refused.value.data] == ["[0].payload", "[1]"]


def test_an_item_that_is_too_large_is_an_error_of_its_own():
    large = {**GOOD, "payload": {"text": "é" * 1024}}

    read = read_bulk([GOOD, large], workspace_id=MINE, largest=2048)

    assert isinstance(read[0], EventRequest)
    assert isinstance(read[1], PayloadTooLarge)
    assert read[1].data == (("[1]", "must not be larger than 2 KiB"),)


names = st.sampled_from(
    ["event", "payload", "resource", "resource_id", "type", "workspace", "other"]
)
keys = st.sampled_from(["email", "id", "name", "phone", "resource_url", "plan", "page_id"])
# No NUL: the parser of bodies refuses it before either of the two is asked.
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), max_size=3
) | st.sampled_from(
    ["", " ", "\ufeff", "event", str(MINE), "alex@northstar.io", "n" * 201, "a\n", "x" * 64]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
anything = scalars | st.lists(scalars, max_size=2) | st.dictionaries(texts, scalars, max_size=2)
payloads = st.dictionaries(keys, texts | anything, min_size=1, max_size=3)
requests = st.dictionaries(names, anything) | st.fixed_dictionaries(
    {"event": texts, "payload": payloads},
    optional=dict.fromkeys(("resource", "resource_id", "type", "workspace"), texts | anything),
)


class Anywhere:
    """Every workspace there could be, as the declared shape knows none."""

    def __contains__(self, workspace):
        return isinstance(workspace, UUID)


def read_by_hand(value):
    """What the check reads, or the names of the members that it finds fault with."""
    named = isinstance(value, dict) and "workspace" in value
    try:
        return read_event(value, workspace_id=None if named else MINE, among=Anywhere())
    except ApiError as refused:
        return {fault.param.partition(".")[0] for fault in refused.data}


def read_as_declared(value):
    """The same by the declared shape."""
    declared = EventSerializer(data=value)
    if not declared.is_valid():
        return {"body" if name == "non_field_errors" else name for name in declared.errors}
    read = declared.validated_data
    return EventRequest(
        workspace_id=read.get("workspace", MINE),
        event=read["event"],
        resource=read["resource"],
        resource_id=read.get("resource_id", ""),
        payload=read["payload"],
    )


def spelled(read):
    """What was read so that 1, 1.0 and true are three values."""
    if not isinstance(read, EventRequest):
        return read
    texts = (read.event, read.resource, read.resource_id, str(read.workspace_id))
    return (*texts, json.dumps(read.payload))


@given(requests | anything)
@settings(max_examples=600, deadline=None)
@example({**GOOD, "workspace": "not-a-uuid"})
@example({**GOOD, "workspace": str(MINE)})
@example({**GOOD, "workspace": str(MINE).upper()})
@example({**GOOD, "workspace": str(MINE) + "\n"})
@example({**GOOD, "type": True})
@example({**GOOD, "type": None})
@example({**GOOD, "resource": None})
@example({**GOOD, "resource": "\u2028"})
@example({**GOOD, "event": "\x85"})
@example({**GOOD, "resource_id": "a\n"})
@example({**GOOD, "resource_id": "x" * 65})
@example({**GOOD, "payload": {"x": 1, "email": ""}})
@example({**GOOD, "payload": {"x": 1, "email": "alex"}})
@example({**GOOD, "payload": {"x": 1, "email": "alex@m\u00fcnchen.example"}})
@example({**GOOD, "payload": {"x": 1, "id": 5}})
@example({**GOOD, "payload": {"x": 1, "id": True}})
@example({**GOOD, "payload": {"x": [None], "phone": ""}})
@example({**GOOD, "payload": {"x": -0.0, "y": 10**80, "z": 1e308}})
@example({**GOOD, "payload": [["x", 1]]})
@example({**GOOD, "payload": {}})
@example({"payload": {"x": {}, "name": "\ufeff"}})
def test_the_declared_shape_reads_exactly_what_the_check_reads(value):
    assert spelled(read_as_declared(value)) == spelled(read_by_hand(value))


@given(texts, texts)
def test_blank_and_empty_agree(first, second):
    assert is_empty(first) == is_blank(first)
    assert is_blank(first + second) == (is_blank(first) and is_blank(second))
    assert not (is_blank(first) and is_email(first))
