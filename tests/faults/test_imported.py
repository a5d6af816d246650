"""Imports among the calls that reached an account."""

from tests.faults.calls import make_call
from tests.faults.imported import import_calls
from tests.faults.overlaps import overlapping

PEOPLE = [
    {"email": "A@x.io", "tags": ["vip"], "imported": True},
    {"email": "b@x.io", "tags": ["vip"], "imported": False},
]
IMPORT = {"outcome": "completed", "people": PEOPLE, "created": 99.0, "finished": 103.0}


def calls(**over):
    return list(import_calls("alpha", [{**IMPORT, **over}], tags={"vip": "1"}))


def test_each_person_of_an_import_is_a_call_as_long_as_the_import_took():
    first, second = calls()

    assert [first.email, first.kind, first.target, first.wanted] == ["a@x.io", "tag", "1", "add"]
    assert [first.at, first.took_s, first.applied, second.applied] == [99.0, 4.0, True, False]


def test_a_single_call_to_a_person_whose_import_runs_is_found():
    during, after = make_call(at=101.0), make_call(at=103.5)

    assert overlapping([*calls(), during]) == [(calls()[0], during)]
    assert overlapping([*calls(), after]) == []
