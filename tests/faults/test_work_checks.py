"""What people had the engine do beside live traffic."""

from tests.faults.backfills import Backfilled
from tests.faults.calls import KEY, NOW, happened, make_delivery
from tests.faults.work_checks import (
    WANTED,
    backfilled_once,
    everything_was_done,
    verified,
    work_ended,
)

DONE = [Backfilled("r", NOW, NOW)]
EMAIL = KEY[1]


def test_a_kind_of_work_that_nobody_did_is_named():
    counts = {f"{kind} (was)": 1 for kind in WANTED}

    assert everything_was_done(counts).broken == ()
    assert everything_was_done(counts, ["one: ValueError()"]).broken == ("one: ValueError()",)
    assert everything_was_done({**counts, "bursts (was)": 0}).broken == (
        "Nobody could do this: bursts.",
    )


def test_work_that_has_not_ended_is_found():
    sizes = {"jobs": 2, "imports": 1, "erasures": 1}

    assert work_ended({}, **sizes).broken == ()
    assert work_ended({"imports": 1, "held": 2}, **sizes).broken == (
        "1 imports have not ended.",
        "2 held have not ended.",
    )


def test_a_backfill_that_reached_each_person_once_holds():
    story = happened(make_delivery(backfilled=True), make_delivery(id=2))

    assert backfilled_once(story, DONE, {"r": {EMAIL}}).broken == ()


def test_a_person_whom_a_backfill_reached_twice_or_not_at_all_is_found():
    twice = happened(make_delivery(backfilled=True), make_delivery(id=2, backfilled=True))

    assert backfilled_once(twice, DONE, {"r": {EMAIL}}).broken == (
        "A backfill of rule r reached one person 2 times.",
    )
    assert backfilled_once(twice, DONE, {"r": {"b@x.io"}}).broken[1:] == (
        "The backfill of rule r did not reach 1 people.",
    )


def test_verify_holds_only_when_it_exits_with_0():
    assert verified(0, "Everything adds up.\n").broken == ()
    assert verified(1, "One sum is wrong.\n").broken == ("It exited with 1.", "One sum is wrong.")
