"""The rate limit, pure and over HTTP: API reference section 12."""

import pytest

from connections.destinations.activecampaign.sandbox import SandboxServer
from connections.destinations.activecampaign.sandbox.limiter import (
    SlidingWindow,
    TokenBucket,
    make_limiter,
)


def allowed(limiter, *moments):
    return [limiter.ask(moment).allowed for moment in moments]


def test_a_window_lets_five_pass_in_any_second():
    limiter = make_limiter("window", 5.0)

    assert allowed(limiter, 0.0, 0.1, 0.2, 0.3, 0.4) == [True] * 5
    assert allowed(limiter, 0.9, 0.99) == [False, False]
    assert allowed(limiter, 1.0, 1.05, 1.1) == [True, False, True]


def test_a_refused_request_does_not_lengthen_the_wait():
    limiter = SlidingWindow(limit=1, window_s=1.0)

    assert allowed(limiter, 0.0, 0.5, 0.9, 1.0) == [True, False, False, True]


def test_a_bucket_refills_evenly_after_its_burst():
    limiter = TokenBucket(limit=5, rate_per_second=5.0)

    assert allowed(limiter, *[0.0] * 6) == [True] * 5 + [False]
    assert allowed(limiter, 0.21, 0.22) == [True, False]


@pytest.mark.parametrize(("rate", "wait"), [(5.0, 1), (0.1, 10)])
def test_the_wait_is_whole_seconds_and_at_least_one(rate, wait):
    limiter = make_limiter("window", rate)
    while limiter.ask(0.0).allowed:
        pass

    assert limiter.ask(0.0).retry_after_s == wait


@pytest.fixture
def six(wire, server):
    """The answers to six syncs at five a second."""
    server.configure(rate_per_second=5.0)
    return [wire.sync(f"p{number}@example.com") for number in range(6)]


def test_the_sixth_request_of_a_second_is_a_429_and_changes_nothing(six, server):
    assert [answer.status_code for answer in six] == [201] * 5 + [429]
    assert six[5].json() == {"message": "Too Many Requests"}
    assert server.state.contact_by_email("p5@example.com") is None
    assert server.state.requests[-1].outcome == "rate_limited"


def test_the_rate_headers_count_down_and_a_429_says_when_to_come_back(six):
    assert [answer.headers["RateLimit-Remaining"] for answer in six] == list("432100")
    assert {answer.headers["RateLimit-Limit"] for answer in six} == {"5"}
    assert six[5].headers["Retry-After"] == "1"


def test_without_a_limit_no_rate_header_is_sent(wire):
    assert "RateLimit-Limit" not in wire("GET", "users/me").headers


def test_a_new_rate_takes_effect_at_once(wire, server):
    server.configure(rate_per_second=1.0)

    assert [wire("GET", "tags").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("bad", [{"rate_per_second": 0}, {"limiter": "x"}, {"latency_s": -1}])
def test_a_bad_setting_is_refused_with_its_name(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        SandboxServer(**bad)
