"""The first names that contacts carry in the end."""

from tests.faults.calls import happened, make_delivery
from tests.faults.field_checks import names_are_the_fold

PERSON = ("alpha", "a@x.io")
ROWS = [
    make_delivery(id=1, applied_id=5, first_name="Late"),
    make_delivery(id=2, applied_id=2, first_name="Early"),
]


def test_the_name_of_the_delivery_applied_last_stands():
    assert names_are_the_fold(happened(*ROWS), {PERSON: "Late"}).broken == ()
    assert len(names_are_the_fold(happened(*ROWS), {PERSON: "Early"}).broken) == 1


def test_removals_and_events_without_a_name_write_none():
    rows = [
        *ROWS,
        make_delivery(id=3, applied_id=8, first_name="Removed", action="remove_tag"),
        make_delivery(id=4, applied_id=9, first_name=" "),
    ]

    assert names_are_the_fold(happened(*rows), {PERSON: "Late"}).broken == ()


def test_a_name_of_a_delivery_that_failed_after_writing_is_explained():
    failed = make_delivery(id=3, status="failed", applied_id=None, first_name="Lost")

    verdict = names_are_the_fold(happened(*ROWS, failed), {PERSON: "Lost"})

    assert verdict.broken == ()
    assert verdict.note.startswith("1 left")
