"""People at work: every deed has its turn, and what is away stops nobody."""

from collections import Counter

import pytest
import requests
from django.db import OperationalError

from tests.faults.actors import Actor

pytestmark = pytest.mark.django_db


def test_every_deed_comes_as_often_as_the_deck_says():
    actor, done = Actor("kim", seed="7"), Counter()
    actor.deck = {lambda: done.update("a"): 3, lambda: done.update("b"): 1}

    for _ in range(8):
        actor.attempt(actor._next())

    assert done == {"a": 6, "b": 2}


def test_a_database_that_is_away_is_counted_and_a_sandbox_that_is_away_is_told(capsys):
    actor = Actor("kim", seed="7")

    def away(error):
        def deed():
            raise error

        return deed

    actor.attempt(away(OperationalError("gone")))
    actor.attempt(away(requests.ConnectionError()))

    actor.attempt(away(ValueError("a defect")))

    assert actor.counts == {"database away": 1}
    assert actor.errors == ["deed: ValueError('a defect')"]
    assert "did not take a switch: ConnectionError" in capsys.readouterr().out
