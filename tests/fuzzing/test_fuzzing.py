"""A slice of what `make fuzz` does, the same in every run, and that it would notice."""

from __future__ import annotations

import io
from dataclasses import replace
from random import Random

import pytest
from django.http import HttpResponse, JsonResponse

from deliveries.models import Event
from tests.deliveries.senders import EVENTS
from tests.fuzzing.growth import FLOOR_S, Growth
from tests.fuzzing.inputs import Sent, requests, variants
from tests.fuzzing.running import batch_of, make_world

GOOD = Sent(EVENTS, b'{"event": "page.completed", "payload": {"email": "a@b.co"}}')


@pytest.fixture
def world(db, settings):
    """A sender without a limit, and rules that match."""
    settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 1e9, 10**9
    return make_world()


def test_odd_requests_get_an_answer_of_the_contract_and_store_all_or_nothing(world):
    batch_of(world, 40, chosen=4711)()

    assert world.judged >= 400
    assert set(world.statuses) >= {201, 400, 401}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HttpResponse(b"{}", status=500, content_type="application/json"), "the status 500"),
        (JsonResponse({"event": {}}, status=201), "'id' is a required property"),
        (
            JsonResponse({"message": "x", "error": {"name": "Other", "message": "x"}}, status=400),
            "does not belong to 400",
        ),
        (HttpResponse(b"no", status=400), "text/html"),
    ],
    ids=["a crash", "half a record", "another name", "no JSON"],
)
def test_an_answer_that_is_none_is_noticed(world, answer, words):
    world.application = lambda _environ, _start: answer

    with pytest.raises(Exception, match=words):
        world.judge(GOOD)


def test_rows_that_no_answer_promised_are_noticed(world, monkeypatch):
    monkeypatch.setattr("tests.fuzzing.judging.SLOW_S", 60.0)  # so that nothing is sent again
    real = world.application

    def twice(environ, start):
        real({**environ, "wsgi.input": io.BytesIO(GOOD.body)}, start)
        return real(environ, start)

    world.application = twice

    with pytest.raises(AssertionError):
        world.judge(GOOD)
    assert Event.objects.count() == 2


def test_a_slow_answer_is_noticed(world, monkeypatch):
    monkeypatch.setattr("tests.fuzzing.judging.SLOW_S", -1.0)

    with pytest.raises(AssertionError, match="s of CPU for"):
        world.judge(replace(GOOD, body=b"{"))


def test_time_that_grows_faster_than_the_input_is_noticed():
    linear = Growth("linear", (FLOOR_S, FLOOR_S * 2.1, FLOOR_S * 4.2))
    quadratic = Growth("quadratic", (FLOOR_S, FLOOR_S * 4, FLOOR_S * 16))
    tiny = Growth("tiny", (FLOOR_S / 10, FLOOR_S / 2))

    assert (round(linear.worst, 6), quadratic.worst, tiny.worst) == (2.1, 4.0, 0.0)


def test_the_same_dice_make_the_same_requests():
    first, again = (list(variants(GOOD, Random(7), 30)) for _ in range(2))

    assert first == again
    assert len({(sent.body, sent.credential, str(sent.environ)) for sent in first}) > 20
    assert not requests.is_empty
