"""Attempts at a tag that was deleted and made anew."""

from tests.faults.calls import happened, make_attempt, make_call, make_delivery
from tests.faults.delivery_checks import repeats_bounded, writes_of
from tests.faults.successors import successors, with_successors

LATER = successors("alpha", {"vanishing": ["1", "12", "15"]})


def cut_off(**over):
    """An attempt at tag 1 that was cut off, and a write on tag 12."""
    row = make_delivery(status="canceled", reason="worker_lost", applied_id=None, lost=1, **over)
    return happened(row), writes_of([make_call(target="12")])


def test_every_later_id_of_a_name_is_known_by_each_earlier_one():
    assert LATER == {("alpha", "1"): ["12", "15"], ("alpha", "12"): ["15"]}


def test_what_was_cut_off_may_have_written_to_the_tag_that_was_made_anew():
    story, writes = cut_off()

    assert repeats_bounded(with_successors(story, LATER), writes).broken == ()
    assert len(repeats_bounded(story, writes).broken) == 1
    assert len(repeats_bounded(with_successors(story, {}), writes).broken) == 1


def test_what_was_delivered_names_its_tag_itself():
    story = happened(make_delivery(), attempts=(make_attempt(),))

    assert with_successors(story, LATER) == story
