"""Which deliveries an event must and may have."""

from types import SimpleNamespace

from tests.faults.calls import make_delivery
from tests.faults.matching import Book

LATE = {"rule_id": "late", "version_id": "late-5", "backfilled": True, "late": True}


def book(*, late=("late",)):
    """A rule from the first moment on, edited at 3; one that was switched off; a late one."""
    made = Book(late=late)
    for rule, at, matches in (("r", 1, True), ("r", 3, True), ("off", 1, False), ("late", 5, True)):
        made.add(rule, at, SimpleNamespace(pk=f"{rule}-{at}"), matches=matches)
    return made


def troubles(*rows, at=2, fits=lambda version: True, **over):
    return list(book(**over).troubles(at, rows, fits=fits))


def test_exactly_the_deliveries_of_the_valid_rules_are_right():
    assert troubles(make_delivery(version_id="r-1")) == []
    assert troubles(fits=lambda version: False) == []


def test_a_missing_and_a_foreign_delivery_are_found():
    foreign = make_delivery(id=2, rule_id="off", version_id="off-1")

    assert troubles() == ["has no delivery of rule r, which it fits"]
    assert troubles(make_delivery(version_id="r-1"), foreign) == [
        "has delivery 2 of a rule that it does not fit"
    ]


def test_only_a_late_run_may_have_gone_on_to_a_later_version():
    assert troubles(make_delivery(version_id="r-3", late=True)) == []
    assert len(troubles(make_delivery(version_id="r-3"))) == 1
    assert len(troubles(make_delivery(version_id="r-1", late=True), at=4)) == 1


def test_a_backfill_may_add_a_delivery_of_a_later_rule_that_fits_and_no_other():
    own = make_delivery(version_id="r-1")

    assert troubles(own, make_delivery(id=2, **LATE)) == []
    assert len(troubles(own, make_delivery(id=2, **LATE), late=())) == 1
    assert len(troubles(own, make_delivery(id=2, **{**LATE, "backfilled": False}))) == 1
    only_first = lambda version: version.pk == "r-1"  # noqa: E731
    assert troubles(own, make_delivery(id=2, **LATE), fits=only_first) == [
        "has delivery 2 by a backfill of a rule that it never fitted"
    ]


def test_a_delivery_that_should_have_come_with_the_event_and_was_backfilled_is_found():
    assert len(troubles(make_delivery(version_id="r-1", backfilled=True))) == 1
