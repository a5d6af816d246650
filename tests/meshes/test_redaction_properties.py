"""Whatever a secret, email or value is and wherever it stands, no exchange or log keeps it."""

from __future__ import annotations

import html
import json
import logging
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.destinations.base import Answer, Request
from connections.destinations.recording import RECORDED_HEADERS, Spent, exchange
from meshes.logs import where_it_failed, without_request
from meshes.redaction import HARMLESS_KEYS, MASK, redact_event

SPENT = Spent(0.0, 1)
ORDINARY = "abcdefghijklmnopqrstuvwxyzäöüßéñ0123456789 _-./'\"<>&+=%#?!$€✓𝕏"

secrets = (
    st.text(ORDINARY, min_size=4, max_size=30)
    .map(str.strip)
    .filter(
        lambda text: (
            len(text) >= 4
            and not text.isspace()
            and not any(
                text.casefold() in key.casefold() for key in (*HARMLESS_KEYS, *RECORDED_HEADERS)
            )
        )
    )
)
emails = st.builds(
    "{}@{}.{}".format,
    st.text("abcdefgxyzXYZ0123456789+._-", min_size=1, max_size=16),
    st.text("abcxyz0123456789-", min_size=1, max_size=12),
    st.sampled_from(["io", "com", "example", "co.uk"]),
)
keys = st.sampled_from([*sorted(HARMLESS_KEYS), "firstName", "value", "apiKey", "note"])
around = st.text("abc :;,()[]{}\n", max_size=8)


def wrapped(value: str, key: str, depth: int) -> Any:
    """A structure that holds the value under this key, so deep."""
    found: Any = {key: [value, {key: f"before {value} after"}], f"about {value}": value}
    for _ in range(depth):
        found = {"errors": [found]}
    return found


def carrying(value: str, key: str, depth: int) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By the name of a place, the parts of a request and of an answer with the value in there."""
    body, quoted = wrapped(value, key, depth), quote(value, safe="")
    told = {"message": json.dumps({key: value}), "title": html.escape(value, quote=False)}
    page = f"<html><h1>{html.escape(value)}</h1><p>No {value}</p>"
    return {
        "request body": ({"body": body}, {}),
        "path": ({"path": f"/contacts/{quoted}/{quote_plus(value)}/{value}"}, {}),
        "query": ({"query": ((key, value), ("search", f"x {value}"))}, {}),
        "answer": ({}, {"body": json.dumps(body, ensure_ascii=depth % 2 == 0).encode()}),
        "page": ({}, {"body": page.encode()}),
        "text": ({}, {"body": f"No {value}, {quote(value)} or {quote(quoted)}.".encode()}),
        "header": ({}, {"headers": dict.fromkeys(RECORDED_HEADERS, f"a {value}")}),
        "json text": ({}, {"body": json.dumps(told).encode()}),
    }


PLACES = list(carrying("value", "key", 0))


def kept_of(place: str, value: str, *, key: str, depth: int, hide: list[str]) -> str:
    """Everything that history keeps of an exchange that carries the value in this place."""
    request, answer = carrying(value, key, depth)[place]
    found = exchange(
        Request("contact_sync", **{"method": "POST", "path": "/contacts", **request}),
        Answer(422, elapsed_ms=1, **{"headers": {}, "body": b"{}", **answer}),
        SPENT,
        keep=HARMLESS_KEYS,
        hide=hide,
    )
    texts = [found.path, found.request_body, found.response_body, *found.response_headers.values()]
    return "\n".join(texts)


def spellings(value: str) -> list[str]:
    """What the value may look like in what is kept."""
    escaped, quoted = json.dumps(value)[1:-1], quote(value, safe="")
    found = [value, value.replace(" ", "+"), quoted, quote(quoted), quote_plus(value), escaped]
    found += [html.escape(value), html.escape(value, quote=False)]
    return [each.casefold() for each in found]


@pytest.mark.parametrize("place", PLACES)
@given(value=secrets, key=keys, depth=st.integers(0, 4))
def test_no_exchange_keeps_a_hidden_value(place, value, key, depth):
    kept = kept_of(place, value, key=key, depth=depth, hide=[value]).casefold()

    assert [each for each in spellings(value) if each in kept.replace(MASK, "\0")] == []


@pytest.mark.parametrize("place", PLACES)
@given(email=emails, key=keys, depth=st.integers(0, 4))
def test_no_exchange_keeps_an_email_even_one_that_nobody_named(place, email, key, depth):
    kept = kept_of(place, email, key=key, depth=depth, hide=[]).casefold()

    assert [each for each in spellings(email) if each in kept] == []


@given(email=emails, key=st.text("abcxyz_", min_size=1, max_size=9), before=around, after=around)
def test_no_log_line_keeps_an_email_in_any_kind_of_value(email, key, before, after):
    text = f"{before} {email} {after}"
    values = {
        "event": text,
        key: [text, {key: (text, {text: text})}],
        "raw": text.encode(),
        "error": ValueError(text),
        "positional": (text,),
    }

    assert email.casefold() not in str(redact_event(None, "info", values)).casefold()


@given(value=secrets, email=emails)
def test_no_log_line_keeps_what_an_exception_says_or_carries(value, email):
    payload = {"email": email, "plan": value}
    try:
        try:
            raise ValueError(f"cannot store {payload}")
        except ValueError as error:
            error.add_note(value)
            raise KeyError(value, email) from error
    except KeyError as error:
        info = (type(error), error, error.__traceback__)
        line = {"event": "storing failed", "exc_info": info, "stack_info": f"in {value}"}
        told = where_it_failed(None, "", dict(line))

    said = str(redact_event(None, "error", without_request(None, "", told)))
    assert (told["error"], "exc_info" in told, "stack_info" in told) == ("KeyError", False, False)
    assert email not in said
    assert value not in said.replace(str(told["at"]), "").replace("storing failed", "")


@pytest.mark.parametrize("name", ["api_key", "Api-Token", "password", "Authorization", "cookie"])
@given(value=secrets)
def test_no_log_line_keeps_a_value_under_a_telling_name(name, value):
    said = redact_event(None, "info", {"event": "x", name: value, "nested": [{name: [value]}]})

    assert (said[name], said["nested"]) == (MASK, [{name: MASK}])


def test_a_record_of_a_library_is_masked_as_ours_are(settings):
    record = logging.makeLogRecord({"msg": "mail to %s", "args": ("ada@example.com",)})
    formatter = settings.LOGGING["formatters"]["line"]
    made = formatter["()"](**{key: value for key, value in formatter.items() if key != "()"})

    assert "mail to" in made.format(record)
    assert "ada@example.com" not in made.format(record)


pieces = st.one_of(
    around,
    emails,
    st.sampled_from(["Bearer abcdef123456", "Api-Token: 0a1b2c", "cookie", "a@", "@b", '"x"', "="]),
)
texts = st.lists(pieces, max_size=4).map("".join)


@given(
    st.dictionaries(
        st.sampled_from(["event", "ids", "email", "api_key", "note", "count", "request_id"]),
        st.one_of(texts, st.lists(texts, max_size=3), st.integers(), st.booleans(), st.none()),
    )
)
def test_a_simple_line_is_masked_as_one_of_any_shape(event):
    alone = redact_event(None, "info", dict(event))
    beside_more = redact_event(None, "info", {**event, "more": {"deep": [1]}})

    assert dict(alone) == {key: beside_more[key] for key in event}
