"""Calls of one lane that were in flight together."""

from tests.faults.calls import make_call
from tests.faults.overlaps import overlapping


def test_calls_one_after_another_are_fine():
    first, second = make_call(), make_call(seq=2, at=101.0)

    assert overlapping([second, first]) == []


def test_a_call_that_begins_during_another_of_the_same_person_is_found():
    first, second = make_call(), make_call(seq=2, at=100.5, took_s=0.1)

    assert overlapping([first, second]) == [(first, second)]


def test_a_long_call_is_remembered_beyond_its_neighbor():
    long = make_call(took_s=10.0)
    short, late = make_call(seq=2, at=101.0, took_s=0.1), make_call(seq=3, at=105.0)

    assert overlapping([long, short, late]) == [(long, short), (long, late)]


def test_other_people_other_accounts_and_calls_about_nobody_may_overlap():
    others = [
        make_call(seq=2, email="b@x.io"),
        make_call(seq=3, account="beta"),
        make_call(seq=4, email=""),
        make_call(seq=5, email=""),
    ]

    assert overlapping([make_call(), *others]) == []
