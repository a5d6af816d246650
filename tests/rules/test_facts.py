"""The one spelling of emails, steps and page ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Facts, canonical_page_id, canonical_step, facts_of, normalized_email

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
ADDRESSES = st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=30)) | st.emails()


@pytest.mark.parametrize(
    ("value", "step"),
    [
        (3, "3"),
        (3.0, "3"),
        ("3", "3"),
        ("03", "3"),
        ("000", "0"),
        ("0" * 100 + "7", "7"),
        (-0.0, "0"),
        (-3, "-3"),
        (2.5, "2.5"),
        ("3.0", "3.0"),
        ("setup", "setup"),
        (" Setup ", " Setup "),
        ("٣", "٣"),
        ("", ""),
        (True, ""),
        (False, ""),
        (None, ""),
        ({"step": 3}, ""),
        ([3], ""),
        pytest.param(10**5000, "", id="huge"),
        (10**70, ""),
        (1e308, ""),
        (float("inf"), ""),
        (float("nan"), ""),
        ("x" * 64, "x" * 64),
        ("x" * 65, ""),
        ("a\x00b", ""),
        ("\ud800", ""),
    ],
)
def test_a_step_has_one_spelling(value: object, step: str) -> None:
    assert canonical_step(value) == step


@given(ANYTHING)
def test_a_canonical_step_stays_what_it_is(value: object) -> None:
    step = canonical_step(value)
    assert canonical_step(step) == step
    assert len(step) <= 64


@pytest.mark.parametrize(
    ("value", "page_id"),
    [
        ("connect-crm", "connect-crm"),
        ("03", "03"),
        (12, "12"),
        (12.0, "12"),
        (True, ""),
        ([], ""),
        ("p" * 200, "p" * 200),
        ("p" * 201, ""),
    ],
)
def test_a_page_id_is_text_exactly(value: object, page_id: str) -> None:
    assert canonical_page_id(value) == page_id


@pytest.mark.parametrize(
    ("value", "email"),
    [
        (" Rosa+News@Example.ORG\n", "rosa+news@example.org"),
        ("rosa@bücher.de", "rosa@xn--bcher-kva.de"),
        ("rosa@BÜCHER.DE", "rosa@xn--bcher-kva.de"),
        ("rosa@r3---sn.example.org", "rosa@r3---sn.example.org"),
        ("", ""),
        (None, ""),
        (7, ""),
        (["rosa@example.org"], ""),
        ("rosa", ""),
        ("@example.org", ""),
        ("rosa@example", ""),
        ("rosa@exa mple.org", ""),
        ("rosa@ü..de", ""),
        ("rosa@" + "ü" * 400 + ".de", ""),
        ("rösa@example.org", ""),
        ("ro\x01sa@example.org", ""),
        ("\N{KELVIN SIGN}ai@example.org", ""),
        ("r@" + ".".join(["a" * 60] * 4) + ".org", "r@" + ".".join(["a" * 60] * 4) + ".org"),
        ("rosa-rosa@" + ".".join(["a" * 60] * 4) + ".org", ""),
    ],
)
def test_an_email_has_one_spelling(value: object, email: str) -> None:
    assert normalized_email(value) == email


@given(ADDRESSES | ANYTHING)
def test_a_normalized_email_stays_what_it_is(value: object) -> None:
    email = normalized_email(value)
    assert normalized_email(email) == email
    assert email.isascii()
    assert len(email) <= 254


def test_facts_come_from_the_event_and_its_payload() -> None:
    payload = {"page_id": "connect-crm", "sequence_step": 3.0, "email": "rosa@example.org"}

    facts = facts_of(event="page.completed", resource="page", resource_id="7", payload=payload)

    assert facts == Facts("page.completed", "page", "7", "connect-crm", "3")


def test_an_event_without_a_resource_is_about_global() -> None:
    facts = facts_of(event="signed.up", resource="", resource_id="", payload={})
    assert facts == Facts("signed.up", "global", "", "", "")
