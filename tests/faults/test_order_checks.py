"""Order on a target, with and without a delivery that was held meanwhile."""

from tests.faults.calls import happened, make_attempt, make_call, make_delivery
from tests.faults.delivery_checks import writes_of
from tests.faults.order_checks import order_was_kept

REMOVE = {"action": "remove_tag"}


def held_meanwhile(*, released: bool):
    """A removal that was held, and an addition that was tried before and completed after it."""
    rows = [
        make_delivery(id=1, applied_id=11, released=released, late=released, **REMOVE),
        make_delivery(id=2, applied_id=12, attempts=2),
    ]
    attempts = (
        make_attempt(id=10, delivery_id=2, outcome="rejected_server_error", effect=""),
        make_attempt(id=11, delivery_id=1, **REMOVE),
        make_attempt(id=12, delivery_id=2),
    )
    return happened(*rows, attempts=attempts)


def writes(*wanted):
    calls = [make_call(seq=n, at=float(n), wanted=word) for n, word in enumerate(wanted)]
    return writes_of(calls)


def test_a_held_delivery_lets_a_later_one_try_before_it():
    seen = writes("add", "remove", "add")

    assert order_was_kept(held_meanwhile(released=True), seen).broken == ()
    assert len(order_was_kept(held_meanwhile(released=False), seen).broken) == 1


def test_with_a_hold_too_the_writes_follow_the_attempts():
    seen = writes("add", "add", "remove")

    assert len(order_was_kept(held_meanwhile(released=True), seen).broken) == 1


def test_completions_never_swap_also_after_a_hold():
    late = make_delivery(id=1, applied_id=12, released=True, late=True, **REMOVE)
    early = make_delivery(id=2, event_id=2, applied_id=11)

    verdict = order_was_kept(happened(late, early), writes("add", "remove"))

    assert verdict.broken == (
        "alpha tag 1 of one person: delivery 1 was applied after 2, which came later "
        "(2 live delivered; 1 live delivered; 1 of event 1 is at tag 1 and was released; "
        "2 of event 2 is at tag 1).",
    )


def replayed(**over):
    """An addition, a removal of a later event, and the addition once more."""
    rows = [
        make_delivery(id=1, event_id=1, applied_id=13, attempts=2, late=True),
        make_delivery(id=2, event_id=2, applied_id=12, **REMOVE),
    ]
    attempts = (
        make_attempt(id=11, delivery_id=1),
        make_attempt(id=12, delivery_id=2, **REMOVE),
        make_attempt(id=13, delivery_id=1, trigger="replay", **over),
    )
    return happened(*rows, attempts=attempts)


def test_a_replay_over_a_later_completion_is_found_unless_a_person_insisted():
    seen = writes("add", "remove", "add")

    assert len(order_was_kept(replayed(), seen).broken) == 1
    assert order_was_kept(replayed(), seen, insisted={1}).broken == ()


def test_a_write_of_a_replay_that_was_never_tried_is_out_of_order():
    seen = writes("add", "remove", "add", "remove")

    verdict = order_was_kept(replayed(), seen, insisted={1})

    assert verdict.broken == (
        "alpha tag 1 of one person: write 3 is out of order (deliveries [1, 2]).",
    )


def test_the_attempts_of_a_rule_that_was_bound_to_another_tag_belong_to_the_tag_they_tried():
    other = ("alpha", "a@x.io", "tag", "9")
    row = make_delivery(id=1, key=other, applied_id=12, attempts=2, late=True, released=True)
    attempts = (
        make_attempt(id=11, delivery_id=1, outcome="rejected_client_error", effect=""),
        make_attempt(id=12, delivery_id=1, key=other),
    )
    on_both = [make_call(), make_call(seq=2, at=101.0, target="9")]

    assert order_was_kept(happened(row, attempts=attempts), writes_of(on_both)).broken == ()
    assert len(order_was_kept(happened(row, attempts=attempts), writes_of(on_both[:1])).broken) == 1
