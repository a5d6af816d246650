"""Nothing private survives: neither in exchanges nor in log lines."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshes.redaction import (
    BODY_CAP,
    HARMLESS_KEYS,
    MASK,
    is_cut,
    mask_email,
    masked_body,
    masked_json,
    masked_path,
    masked_query,
    masked_text,
    masked_texts,
    redact_event,
)

EMAIL = "ada+lab@example.com"

secrets = st.text(min_size=3, max_size=24).filter(
    lambda text: (
        text.strip() == text
        and len(text) >= 3
        and "•" not in text
        and not any(text.casefold() in key.casefold() for key in HARMLESS_KEYS)
    )
)
keys = st.sampled_from([*sorted(HARMLESS_KEYS), "firstName", "value", "payload"])
emails = st.emails()


def kept(value, *, hide=()):
    return masked_json(value, keep=HARMLESS_KEYS, hide=hide)


def test_values_stay_only_under_harmless_keys():
    body = {"contact": {"id": "482", "firstName": "Ada", "fieldValues": [{"field": "6"}]}}

    assert kept(body) == {
        "contact": {"id": "482", "firstName": MASK, "fieldValues": [{"field": "6"}]}
    }


def test_numbers_and_booleans_are_masked_as_well():
    assert kept({"score": 12, "vip": True, "status": 1}) == {
        "score": MASK,
        "vip": MASK,
        "status": 1,
    }


def test_items_of_a_list_belong_to_the_key_of_the_list():
    assert kept({"errors": ["wrong"], "tags": ["Gold"]}) == {"errors": ["wrong"], "tags": [MASK]}


def test_nothing_stays_nothing():
    assert kept({"value": None, "note": ""}) == {"value": None, "note": ""}


def test_a_value_without_any_key_is_masked():
    assert kept("Ada") == MASK


def test_a_harmless_key_does_not_protect_an_email():
    assert kept({"detail": f"unknown: {EMAIL}."}) == {"detail": f"unknown: {MASK}"}


def test_a_hidden_value_is_found_inside_a_harmless_one():
    assert kept({"error": "Duplicate 'contact-Trial'"}, hide=["trial"]) == {
        "error": f"Duplicate 'contact-{MASK}'"
    }


def test_a_short_hidden_value_is_masked_only_as_the_whole_value():
    assert kept({"id": "12", "total": "7"}, hide=["7"]) == {"id": "12", "total": MASK}


def test_a_hidden_number_is_masked_among_harmless_numbers():
    assert kept({"status": 4711}, hide=["4711"]) == {"status": MASK}


def test_structure_deeper_than_any_answer_is_masked_whole():
    deep: object = "Ada"
    for _ in range(60):
        deep = {"id": deep}

    assert "Ada" not in json.dumps(kept(deep))


@pytest.mark.parametrize(
    "spelling",
    [
        "ada+lab@example.com",
        "ADA+LAB@EXAMPLE.COM",
        "ada%2Blab%40example.com",
        "ada%2Blab%2540example.com",
        "ada+lab\\u0040example.com",
        "ada@localhost",
        "jürgen@bücher.example",
        '"ada poe"@example.com',
    ],
)
def test_every_spelling_of_an_email_is_masked(spelling):
    assert mask_email(f"for {spelling}, sent") == f"for {MASK}, sent".replace(
        MASK, MASK * (2 if spelling.startswith('"') else 1)
    )


@pytest.mark.parametrize(
    "spelling",
    ["Straße 1/2", "STRASSE 1/2", "Stra%C3%9Fe%201%2F2", "Stra%C3%9Fe+1%2F2", "Stra\\u00dfe 1\\/2"],
)
def test_every_spelling_of_a_hidden_value_is_masked(spelling):
    assert "1" not in masked_text(f"lives in {spelling}", hide=["Straße 1/2"])


@pytest.mark.parametrize(
    "text",
    [
        "Api-Token: 0123abcd",
        "authorization=Bearer 0123abcd",
        "sent bearer 0123abcd",
        '"Cookie": "PHPSESSID=0123abcd"',
        "gAAAAABm0123abcdEFGH_ijkl-mnop==",
    ],
)
def test_secrets_are_known_by_their_look(text):
    assert "0123abcd" not in masked_text(text)


def test_a_query_keeps_its_names_and_harmless_values():
    query = (("email", EMAIL), ("include", "contactTags"), ("limit", "100"))

    assert masked_query(query, keep=HARMLESS_KEYS, hide=()) == (
        f"email={MASK}&include=contactTags&limit=100"
    )


def test_a_path_keeps_ids_and_loses_emails_and_hidden_values():
    path = "/contacts/482/ada%40example.com/Gold%20plan"

    assert masked_path(path, hide=["gold plan"]) == f"/contacts/482/{MASK}/{MASK}"


def test_a_page_becomes_its_first_words_without_tags():
    page = b"<html><script>var a='x'</script><h1>Log&nbsp;in</h1>as ada&#64;example.com</html>"

    assert masked_body(page, keep=HARMLESS_KEYS, hide=()) == f"Log in as {MASK}"


def test_a_long_page_is_cut_after_500_characters():
    assert len(masked_body(b"<p>" + b"a b " * 900, keep=(), hide=())) == 500


def test_a_long_body_is_cut_after_masking():
    body = json.dumps({"errors": ["ä" * 3000, EMAIL]}).encode()

    cut = masked_body(body, keep=HARMLESS_KEYS, hide=())

    assert BODY_CAP - 4 <= len(cut.encode()) <= BODY_CAP
    assert cut.endswith("ä…")


@pytest.mark.parametrize(
    ("body", "cut"),
    [
        (json.dumps({"errors": ["ä" * 3000]}).encode(), True),
        (json.dumps({"errors": ["𝄞" * 3000]}).encode(), True),
        (b"<p>" + b"a b " * 900, True),
        (b"<p>short", False),
        (b"", False),
        (json.dumps({"errors": ["a" * 900]}).encode(), False),
        ('{"errors": "…"}'.encode(), False),
    ],
    ids=["json", "wide letters", "page", "short page", "empty", "whole json", "dots"],
)
def test_a_text_tells_whether_its_end_was_cut_off(body, cut):
    assert is_cut(masked_body(body, keep=HARMLESS_KEYS, hide=())) is cut


def test_a_body_nested_too_deeply_to_be_parsed_is_text():
    assert masked_body(b"[" * 100_000, keep=(), hide=()) == "[" * 500


def test_a_log_event_loses_emails_payloads_and_secrets():
    event = {
        "event": f"tag added for {EMAIL}",
        "delivery": UUID(int=7),
        "contact_email": EMAIL,
        "payload": {"plan": "Gold"},
        "api_key": "0123abcd",
        "nested": {"api_token": "0123abcd", "ids": [1, f"<{EMAIL}>"]},
        "error": ValueError(f"no {EMAIL}"),
        "raw": b"Bearer 0123abcd",
        "attempts": 3,
        "token": None,
    }

    assert redact_event(None, "info", event) == {
        "event": f"tag added for {MASK}",
        "delivery": UUID(int=7),
        "contact_email": MASK,
        "payload": MASK,
        "api_key": MASK,
        "nested": {"api_token": MASK, "ids": [1, f"<{MASK}>"]},
        "error": f"no {MASK}",
        "raw": MASK,
        "attempts": 3,
        "token": None,
    }


def test_a_log_event_that_contains_itself_ends():
    event = {"loop": {}}
    event["loop"]["loop"] = event["loop"]

    assert MASK in str(redact_event(None, "info", event))


@given(email=emails, key=keys, around=st.text(max_size=20))
def test_no_email_survives_in_json(email, key, around):
    body = json.dumps({key: [around + " " + email + " " + around]}).encode()

    assert email.casefold() not in masked_body(body, keep=HARMLESS_KEYS, hide=()).casefold()


@given(value=secrets, key=keys, around=st.text(max_size=20))
def test_no_hidden_value_survives_in_json(value, key, around):
    masked = kept({key: around + value + around, value: "x"}, hide=[value])

    assert value.casefold() not in str(masked[next(iter(masked))]).casefold()
    assert value not in masked


@given(value=secrets, around=st.text(max_size=20))
def test_no_hidden_value_survives_in_text(value, around):
    masked = masked_text(around + value.upper() + around, hide=[value])

    assert value.casefold() not in masked.casefold()


pieces = st.one_of(
    st.text(max_size=20),
    emails,
    st.sampled_from(["Gold Plan", "gold+plan", "Gold%20Plan", "ok", " OK ", "bearer", "Basic "]),
    st.sampled_from(["abcdef0123", "api-token: x", "\r\n", "STRAẞE", "strasse", '\\"', "a@b"]),
)


@given(texts=st.lists(st.lists(pieces, max_size=4).map("".join), max_size=6))
def test_many_texts_are_masked_as_each_alone(texts):
    hide = ["Gold Plan", "ok", "straße", 'say "no"']

    assert masked_texts(texts, hide=hide) == [masked_text(text, hide=hide) for text in texts]


@given(email=emails)
def test_no_email_survives_in_a_log_event(email):
    event = redact_event(None, "info", {"event": f"sent to {email}", "x": [{"y": email}]})

    assert email not in str(event)


@given(token=st.from_regex(r"[A-Za-z0-9]{20,40}", fullmatch=True))
def test_no_token_survives_in_a_log_event(token):
    event = {"event": f"Api-Token: {token}", "headers": {"Api-Token": token}}

    assert token not in str(redact_event(None, "info", event))


@given(body=st.binary(max_size=300))
def test_any_bytes_make_a_body(body):
    assert len(masked_body(body, keep=HARMLESS_KEYS, hide=["abc"]).encode()) <= BODY_CAP
