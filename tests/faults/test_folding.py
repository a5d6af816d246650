"""What completed deliveries make of an account."""

import pytest

from tests.faults.folding import Applied, differences, folded

TAG = ("alpha", "a@x.io", "tag", "1")
LIST = ("alpha", "a@x.io", "list", "2")


def fold(key, *actions):
    return folded(Applied(order, key, action) for order, action in enumerate(actions))


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        (["add_tag"], {TAG: "held"}),
        (["add_tag", "remove_tag"], {}),
        (["remove_tag", "add_tag"], {TAG: "held"}),
    ],
)
def test_the_last_action_on_a_tag_decides(actions, state):
    assert fold(TAG, *actions) == state


def test_the_order_of_application_counts_and_not_that_of_the_rows():
    later, earlier = Applied(9, TAG, "remove_tag"), Applied(3, TAG, "add_tag")

    assert folded([later, earlier]) == {}


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        (["add_to_list"], {LIST: "1"}),
        (["add_to_list", "remove_from_list"], {LIST: "2"}),
    ],
)
def test_the_last_action_on_a_list_decides(actions, state):
    assert fold(LIST, *actions) == state


def test_who_was_never_on_a_list_is_not_unsubscribed_from_it():
    assert folded([Applied(1, LIST, "remove_from_list", absent=True)]) == {}


def test_differences_name_what_is_missing_too_much_and_other():
    expected = {TAG: "held", LIST: "1"}
    other = ("beta", "a@x.io", "tag", "1")

    assert differences(expected, {TAG: "held", LIST: "2", other: "held"}) == [LIST, other]
    assert differences(expected, expected) == []
