"""Applications on one target that came too late."""

from tests.faults.completions import Completion, overtaken

FIRST, SECOND = Completion(1, 1), Completion(2, 2)


def late(delivery_id, event_id):
    return Completion(delivery_id, event_id, late=True)


def found(*completions, insisted=()):
    return list(overtaken(completions, insisted=insisted))


def test_completions_in_order_are_fine_also_when_one_is_replayed_with_nothing_after_it():
    assert found(FIRST, SECOND) == []
    assert found(FIRST, SECOND, late(2, 2)) == []


def test_a_swap_of_live_deliveries_is_found():
    assert found(SECOND, FIRST) == [(1, 2)]


def test_a_replay_over_what_came_later_is_found_unless_somebody_insisted():
    assert found(FIRST, SECOND, late(1, 1)) == [(1, 2)]
    assert found(FIRST, SECOND, late(1, 1), insisted={1}) == []


def test_only_what_was_applied_since_the_own_last_application_counts():
    assert found(FIRST, SECOND, late(1, 1), late(1, 1), insisted={1}) == []
    assert found(SECOND, FIRST, late(1, 1)) == [(1, 2)]


def test_a_backfill_is_ordered_by_its_event_and_not_by_its_row():
    assert found(late(9, 1), SECOND) == []
    assert found(SECOND, late(9, 1)) == [(9, 2)]
