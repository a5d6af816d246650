"""Order on a target, with and without a delivery that was held meanwhile."""

from tests.faults.calls import happened, make_attempt, make_call, make_delivery
from tests.faults.delivery_checks import writes_of
from tests.faults.order_checks import order_was_kept, swapped

REMOVE = {"action": "remove_tag"}


def held_meanwhile(*, released: bool):
    """A removal that was held, and an addition that was tried before and completed after it."""
    rows = [
        make_delivery(id=1, applied_id=11, released=released, **REMOVE),
        make_delivery(id=2, applied_id=12, attempts=2),
    ]
    attempts = (
        make_attempt(id=10, delivery_id=2, outcome="rejected_server_error"),
        make_attempt(id=11, delivery_id=1),
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
    late = make_delivery(id=1, applied_id=12, released=True, **REMOVE)
    early = make_delivery(id=2, applied_id=11)
    attempts = (make_attempt(id=11, delivery_id=2), make_attempt(id=12, delivery_id=1))

    verdict = order_was_kept(happened(late, early, attempts=attempts), writes("add", "remove"))

    assert len(verdict.broken) == 1
    assert swapped([late, early]) == [2, 1]
    assert swapped([make_delivery(id=1, applied_id=11), make_delivery(id=2, applied_id=12)]) == []
