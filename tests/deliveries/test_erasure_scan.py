"""An address is found wherever a payload hides it, and no other one is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveries.erasure_scan import candidates, finder
from deliveries.models import Event
from tests.builders import make_event, make_rule

EMAIL = "alex+crm@x-mail.io"
NAMED = (
    "alex+crm@x-mail.io",
    "  ALEX+crm@X-Mail.IO ",
    "Alex <alex+crm@x-mail.io>",
    "mailto:alex+crm@x-mail.io?subject=Hi",
    "https://app.io/?email=alex%2Bcrm%40x-mail.io&step=3",
    "Write to alex+crm@x-mail.io.",
    "kim@x-mail.io;alex+crm@x-mail.io",
    "'alex+crm@x-mail.io'",
    "ask alex+crm@x-mail.io, please",
)
OTHERS = (
    "xalex+crm@x-mail.io",
    "o'alex+crm@x-mail.io",
    "b.alex+crm@x-mail.io",
    "alex+crm@x-mail.io.uk",
    "alex+crm@x-mail.iox",
    "alex+crm@x-mail.io-mail.com",
    "alex@x-mail.io",
    "alex+crm",
    "",
)


@pytest.mark.parametrize("text", NAMED)
def test_the_address_is_found_in(text):
    assert finder(EMAIL)({"note": text})


@pytest.mark.parametrize("text", OTHERS)
def test_another_text_is_not_taken_for_it(text):
    assert not finder(EMAIL)({"note": text})


@pytest.mark.parametrize(
    "value",
    [{"a": [{"b": ["x", EMAIL]}]}, {EMAIL: True}, [EMAIL], {"a": {EMAIL: {"b": None}}}],
    ids=["deep", "a key", "a list", "a deep key"],
)
def test_depth_does_not_hide_it(value):
    assert finder(EMAIL)(value)


@pytest.mark.parametrize("text", ["alex@bücher.example", "Alex <ALEX@BÜCHER.example>"])
def test_an_international_domain_is_found_in_both_spellings(text):
    names = finder("alex@xn--bcher-kva.example")

    assert names({"note": text})
    assert names({"note": "alex@xn--bcher-kva.example"})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("abc @.<>", max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.booleans(),
)
def test_it_is_found_exactly_where_it_was_put(value, put):
    payload = [value, {"deep": [f"<{EMAIL}>"]}] if put else [value]

    assert finder(EMAIL)(payload) is put


@pytest.mark.django_db
@pytest.mark.parametrize("text", NAMED)
def test_the_database_leaves_no_payload_out_that_names_it(text):
    event = make_event(workspace=make_rule().workspace, email="", payload={"note": text})
    make_event(workspace=event.workspace, email="", payload={"note": "kim@example.com"})

    assert list(candidates(Event.objects.all(), EMAIL)) == [event]
