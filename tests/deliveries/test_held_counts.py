"""What is held over connections is counted up to a limit."""

from __future__ import annotations

import pytest

from connections import waiting
from connections.waiting import Held
from deliveries import held_counts
from tests.builders import make_connection, make_delivery, make_event, make_rule

pytestmark = pytest.mark.django_db


def test_connections_with_nothing_held_are_left_out():
    rule = make_rule()
    make_delivery(make_event(workspace=rule.workspace), rule)
    held = make_rule()
    make_delivery(make_event(workspace=held.workspace), held, held_reason="rule_held")

    found = waiting.held_over([rule.connection_id, held.connection_id])

    address = f"/admin/deliveries/delivery/?connection={held.connection_id}&status=held"
    assert found == {held.connection_id: Held(1, False, address)}


def test_a_count_beyond_the_limit_says_so():
    assert Held(1_000, True, "").words == "more than 1,000 deliveries wait"
    assert held_counts.MOST == 1_000


def test_no_connection_is_no_question(django_assert_num_queries):
    make_connection()

    with django_assert_num_queries(0):
        assert waiting.held_over([]) == {}
