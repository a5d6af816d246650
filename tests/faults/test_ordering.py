"""The story of writes on one target: which ones its deliveries can explain."""

import pytest

from tests.faults.ordering import Step, misplaced


def steps(*words: str) -> list[Step]:
    """Steps from words: `add` must have been written, `add?` may have been."""
    return [
        Step(number, word.rstrip("?"), sure=not word.endswith("?"))
        for number, word in enumerate(words, 1)
    ]


@pytest.mark.parametrize(
    ("deliveries", "writes"),
    [
        (["add"], ["add"]),
        (["add"], ["add", "add"]),
        (["add", "remove"], ["add", "remove", "remove"]),
        (["add", "remove", "add"], ["add", "remove", "add"]),
        (["add?", "remove"], ["remove"]),
        (["add?", "remove"], ["add", "add", "remove"]),
        (["add?", "remove?"], []),
        (["add", "add"], ["add"] * 2),
        ([], []),
    ],
)
def test_writes_in_the_order_of_deliveries_are_explained_repeats_included(deliveries, writes):
    assert misplaced(steps(*deliveries), writes) is None


@pytest.mark.parametrize(
    ("deliveries", "writes", "place"),
    [
        (["add", "remove"], ["remove", "add"], 0),
        (["add", "remove"], ["add", "remove", "add"], 2),
        (["add"], ["add", "remove"], 1),
        (["add?", "remove"], ["remove", "add"], 1),
        (["add", "remove"], ["add"], 1),
        (["add", "add"], ["add"], 1),
        ([], ["add"], 0),
    ],
)
def test_a_swapped_a_foreign_and_a_missing_write_are_found(deliveries, writes, place):
    assert misplaced(steps(*deliveries), writes) == place
