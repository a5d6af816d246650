"""The checks of a run: each holds for a sound story and names what breaks it."""

from datetime import timedelta

from tests.faults import delivery_checks as checks
from tests.faults.calls import KEY, NOW, happened, make_attempt, make_call, make_delivery
from tests.faults.order_checks import order_was_kept
from tests.faults.recovery_checks import nothing_stayed_in_hand, recovery_times
from tests.faults.verdicts import Verdict, all_held
from tests.faults.watching import InHand

HELD = {KEY: "held"}


def test_a_sound_story_passes_every_check():
    story = happened(make_delivery(), attempts=(make_attempt(),))
    writes = checks.writes_of([make_call()])

    verdicts = [
        checks.ended(story),
        checks.attempts_closed(story),
        checks.state_is_the_fold(story, HELD, writes),
        order_was_kept(story, writes),
        checks.lanes_kept_apart([make_call()]),
        checks.canceled_left_nothing(story, writes),
        checks.repeats_bounded(story, writes),
    ]

    assert [verdict.broken for verdict in verdicts] == [()] * 7
    assert all_held(verdicts)


def test_a_delivery_without_reason_in_hand_or_overdue_has_not_ended():
    late = NOW - timedelta(minutes=1)
    rows = [
        make_delivery(id=1, status="failed"),
        make_delivery(id=2, status="processing"),
        make_delivery(id=3, status="retrying", next_attempt_at=late),
        make_delivery(id=4, status="completed", applied_id=None),
        make_delivery(id=6, status="completed", applied_id=1),
        make_delivery(id=5, status="failed", reason="no_such_reason"),
    ]

    stranger = make_attempt(id=1, delivery_id=7)

    assert len(checks.ended(happened(*rows, attempts=(stranger,))).broken) == 6


def test_what_waits_for_a_person_or_a_time_and_what_failed_with_a_reason_is_fine():
    soon = NOW + timedelta(minutes=1)
    rows = [
        make_delivery(id=1, status="failed", reason="email_missing"),
        make_delivery(id=2, status="pending", held_reason="connection_inactive"),
        make_delivery(id=3, status="retrying", next_attempt_at=soon),
    ]

    assert checks.ended(happened(*rows)).broken == ()


def test_an_attempt_left_open_is_found_unless_its_delivery_is_in_hand():
    left = make_attempt(outcome="", completed_at=None)

    out_of_hand = checks.attempts_closed(happened(make_delivery(), attempts=(left,)))
    in_hand = checks.attempts_closed(happened(make_delivery(status="processing"), attempts=(left,)))

    assert [len(out_of_hand.broken), len(in_hand.broken)] == [1, 0]


def test_a_state_that_history_does_not_give_breaks_the_fold():
    assert checks.state_is_the_fold(happened(make_delivery()), {}, {}).broken != ()


def test_a_state_left_by_a_delivery_that_failed_after_its_write_is_explained():
    lost = make_delivery(status="failed", reason="wrong_contact", applied_id=None, effect="")
    writes = checks.writes_of([make_call(fault="wrong_contact")])

    verdict = checks.state_is_the_fold(happened(lost), HELD, writes)

    assert verdict.broken == ()
    assert verdict.note.startswith("1 left")


def test_a_delivery_that_was_replayed_is_folded_as_often_as_it_was_applied():
    added = make_delivery(id=1, status="canceled", reason="superseded", applied_id=1, late=True)
    removed = make_delivery(id=2, applied_id=2, action="remove_tag")

    assert checks.state_is_the_fold(happened(added, removed), {}, {}).broken == ()
    assert len(checks.state_is_the_fold(happened(added, removed), HELD, {}).broken) == 1
    assert checks.state_is_the_fold(happened(added), HELD, {}).broken == ()


def test_what_was_on_a_tag_that_was_deleted_is_held_by_nobody_any_more():
    story = happened(make_delivery())

    assert checks.state_is_the_fold(story, {}, {}, gone={("alpha", "1")}).broken == ()
    assert len(checks.state_is_the_fold(story, {}, {}, gone={("beta", "1")}).broken) == 1


def test_an_import_that_was_not_confirmed_may_have_written_before_the_single_call():
    attempts = (
        make_attempt(outcome="rejected_server_error", reason="import_unconfirmed", effect=""),
        make_attempt(id=2),
    )
    story = happened(make_delivery(applied_id=2), attempts=attempts)
    once, twice = [make_call()], [make_call(seq=n, at=100.0 + n) for n in (1, 2)]

    assert checks.repeats_bounded(story, checks.writes_of(once)).broken == ()
    assert checks.repeats_bounded(story, checks.writes_of(twice)).broken == ()
    thrice = [*twice, make_call(seq=3, at=110.0)]
    assert len(checks.repeats_bounded(story, checks.writes_of(thrice)).broken) == 1


def test_a_write_of_a_canceled_delivery_that_was_never_tried_is_found():
    canceled = make_delivery(status="canceled", attempts=0, applied_id=None, effect="")
    writes = checks.writes_of([make_call()])

    assert len(checks.canceled_left_nothing(happened(canceled), writes).broken) == 1
    assert len(order_was_kept(happened(canceled), writes).broken) == 1


def test_a_write_of_a_delivery_that_moved_since_is_not_that_of_a_canceled_one():
    canceled = make_delivery(id=1, status="canceled", attempts=0, applied_id=None)
    other = ("alpha", "a@x.io", "tag", "9")
    moved = make_delivery(id=2, key=other, applied_id=12, attempts=2)
    tried = make_attempt(id=11, delivery_id=2, outcome="internal_error", effect="")
    completed = make_attempt(id=12, delivery_id=2, key=other)
    writes = checks.writes_of([make_call(), make_call(seq=2, at=105.0, target="9")])

    story = happened(canceled, moved, attempts=(tried, completed))
    untold = happened(canceled, moved, attempts=(completed,))

    assert checks.canceled_left_nothing(story, writes).broken == ()
    assert len(checks.canceled_left_nothing(untold, writes).broken) == 1


def test_repeats_beyond_the_lost_attempts_are_too_many():
    writes = checks.writes_of([make_call(), make_call(seq=2, at=105.0)])

    assert checks.repeats_bounded(happened(make_delivery()), writes).broken != ()
    assert checks.repeats_bounded(happened(make_delivery(lost=1)), writes).broken == ()


def test_a_repeat_after_a_spoiled_answer_is_needed_and_one_after_a_slow_answer_is_not():
    def judged(fault):
        calls = [make_call(fault=fault), make_call(seq=2, at=105.0)]
        return checks.repeats_bounded(happened(make_delivery()), checks.writes_of(calls))

    assert judged("reset_after_write").broken == ()
    assert len(judged("latency").broken) == 1


def test_calls_that_changed_nothing_are_no_writes():
    calls = [make_call(applied=False), make_call(kind="contact"), make_call(kind="", email="")]

    assert checks.writes_of(calls) == {}


def test_silence_longer_than_twice_the_promise_is_broken():
    long = InHand(1, NOW, NOW + timedelta(seconds=121))
    short = InHand(2, NOW, NOW + timedelta(seconds=119))

    assert nothing_stayed_in_hand([short]).broken == ()
    assert len(nothing_stayed_in_hand([short, long]).broken) == 1


def test_recovery_counts_from_the_kill_after_the_last_sign_of_life_to_the_closing():
    lost = make_attempt(
        outcome="internal_error", reason="worker_lost", completed_at=NOW + timedelta(seconds=42)
    )
    in_hand = {(1, "t"): InHand(1, NOW, NOW + timedelta(seconds=41))}
    before, kill = NOW - timedelta(seconds=1), NOW + timedelta(seconds=2)
    story = happened(attempts=(lost, make_attempt(delivery_id=2)))

    assert recovery_times(story, in_hand, [before, kill]) == [40.0]
    assert recovery_times(story, in_hand, [before]) == []


def test_a_check_that_looked_at_nothing_does_not_hold():
    assert not all_held([Verdict("a promise", 0)])
    assert all_held([Verdict("a promise", 0, least=0)])
