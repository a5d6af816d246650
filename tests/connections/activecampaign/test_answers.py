"""Every row of the table of answers, proved by the answers it is made for."""

import json
from pathlib import Path

import pytest

from connections.destinations import errors
from connections.destinations.activecampaign.answers import ANSWERS, STALE_WHAT, error_of, judged
from connections.destinations.activecampaign.asking import Reply, ask
from connections.destinations.activecampaign.reading import read, retry_after
from connections.destinations.base import Answer, Request

WIRE = Path(__file__).parents[2] / "wire" / "activecampaign" / "answers"
SAMPLES = {path.stem: json.loads(path.read_text()) for path in sorted(WIRE.glob("*.json"))}


def sent(sample):
    return Request(sample["operation"], sample["method"], "/somewhere")


def answered(sample):
    body = sample["body"]
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(sample["status"], sample["headers"], raw, 80)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_answer_means_what_its_row_says(name):
    sample = SAMPLES[name]
    reading = read(sent(sample), answered(sample))

    row = judged(reading)
    error = error_of(row, reading)

    assert row.name == sample["row"]
    assert (type(error).__name__ if error else None) == sample["error"]
    assert getattr(error, "reason", "") == sample["reason"]
    assert getattr(error, "retry_after_s", None) == sample.get("retry_after_s")


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row.name)
def test_every_row_has_an_answer_that_reaches_it(row):
    assert row.name in {sample["row"] for sample in SAMPLES.values()}


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row.name)
def test_every_failure_has_a_reason_and_one_sentence(row):
    if row.family == "ok":
        assert (row.reason, row.sentence) == ("", "")
    else:
        assert row.reason.replace("_", "").isalpha()
        assert row.sentence.endswith(".")
        assert len(row.sentence) <= 120


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_names_its_source_and_date(name):
    sample = SAMPLES[name]

    assert sample["source"].startswith("ActiveCampaign API v3 reference, section ")
    assert sample["kind"] in {"recorded", "documented", "reported", "inferred"}
    assert sample["date"][:2] == "20"


def test_every_family_of_errors_can_be_reached():
    named = {sample["error"] for sample in SAMPLES.values()} - {None}

    assert named == {
        "RateLimited", "RemoteFault", "Unauthorized", "Rejected", "Misconfigured", "Stale",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "certain"),
    [
        ("unauthorized", True),
        ("account_unpaid", True),
        ("forbidden_empty", False),
        ("login_page", False),
        ("redirect", False),
    ],
)
def test_doubtful_refusals_are_told_from_certain_ones(name, certain):
    with pytest.raises(errors.Unauthorized) as caught:
        ask(lambda _request: answered(SAMPLES[name]), sent(SAMPLES[name]))

    assert caught.value.certain is certain


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("link_gone", "link"),
        ("contact_missing", "contact"),
        ("tag_missing", "tag"),
        ("list_missing_400", "list"),
    ],
)
def test_a_dead_id_says_whose_it_is(name, what):
    with pytest.raises(errors.Stale) as caught:
        ask(lambda _request: answered(SAMPLES[name]), sent(SAMPLES[name]))

    assert caught.value.what == what
    assert what in STALE_WHAT.values()


@pytest.mark.parametrize("body", ["", "null", "{}", '{"errors": [null, 5]}', "<p>", "[" * 9999])
def test_any_answer_at_all_is_judged(body):
    request = Request("tag_add", "POST", "/contactTags")

    readings = [read(request, Answer(n, {}, body.encode(), 1)) for n in range(100, 1000)]

    assert {judged(reading).family for reading in readings} == {
        "doubtful", "rate_limited", "rejected", "remote_fault", "unauthorized",
    }  # fmt: skip


def test_good_data_under_the_name_of_a_page_is_good_data():
    sample = {**SAMPLES["user_me"], "headers": {"content-type": "text/html; charset=UTF-8"}}

    reply = ask(lambda _request: answered(sample), sent(sample))

    assert reply == Reply(200, sample["body"])


DATE = "Mon, 02 Mar 2026 09:15:00 GMT"
LATER = "Mon, 02 Mar 2026 09:15:40 GMT"


@pytest.mark.parametrize(
    ("headers", "data", "seconds"),
    [
        ({"retry-after": "30"}, {}, 30.0),
        ({"retry-after": "1.5"}, {}, 1.5),
        ({"retry-after": "0"}, {}, 1.0),
        ({"retry-after": "-4"}, {}, 1.0),
        ({"retry-after": "86400"}, {}, 300.0),
        ({"retry-after": LATER, "date": DATE}, {}, 40.0),
        ({"retry-after": DATE, "date": LATER}, {}, 1.0),
        ({"retry-after": DATE}, {}, 1.0),
        ({"retry-after": "soon"}, {}, None),
        ({"retry-after": "nan"}, {}, None),
        ({"retry-after": "inf"}, {}, 300.0),
        ({}, {"retry_after": 60}, 60.0),
        ({"retry-after": "7"}, {"retry_after": 60}, 7.0),
        ({}, {"retry_after": True}, None),
        ({}, {}, None),
    ],
)
def test_the_time_to_wait_is_read_from_header_or_body(headers, data, seconds):
    assert retry_after(headers, data) == seconds
