"""What a later delivery has decided is not undone by an old one, unless a person insists."""

from __future__ import annotations

import pytest
from django.utils import timezone

from deliveries.models import Attempt, Delivery
from tests.builders import make_rule
from tests.deliveries.scenes import EMAIL, calls, due, hurry, send_all, send_one, tag_rule

pytestmark = pytest.mark.django_db

REPLAY = {"status": "pending", "trigger": "replay", "priority": 2, "asked_by": "ada"}


def removing(rule, **over):
    """A rule that takes away what the given one adds."""
    given = {"connection": rule.connection, "action": "remove_tag"}
    given |= {"target_id": rule.target_id, "target_label": rule.target_label}
    return make_rule(**{**given, **over})


def replayed(delivery: Delivery, **over: object) -> Delivery:
    """The delivery as a replay leaves it for the engine."""
    given = {**REPLAY, "run_attempts": 0, "status_before": delivery.status, **over}
    Delivery.objects.filter(pk=delivery.pk).update(**given)
    return hurry(delivery)


@pytest.fixture
def undone(sandbox):
    """A failed add, and the later removal of the same tag that was delivered."""
    rule = tag_rule(sandbox)
    sandbox.state.add_contact(EMAIL, tags=[rule.target_label])
    failed = due(rule, status="failed")
    send_all(due(removing(rule)))
    assert sandbox.state.tags_of(EMAIL) == []
    return failed


def test_a_replay_that_would_undo_a_later_delivery_is_canceled(sandbox, undone):
    before = len(calls(sandbox))

    send_one(replayed(undone))

    assert (undone.status, undone.reason) == ("canceled", "superseded")
    assert undone.attempts.count() == 0
    assert len(calls(sandbox)) == before
    assert sandbox.state.tags_of(EMAIL) == []


def test_a_person_may_insist(sandbox, undone):
    send_one(replayed(undone, insist=True))

    assert (undone.status, undone.last_outcome) == ("completed", "delivered")
    assert sandbox.state.tags_of(EMAIL) == ["step-3-complete"]


def test_a_released_delivery_gives_way_like_a_replay(sandbox, undone):
    released = {"trigger": "live", "priority": 0, "released_at": timezone.now()}

    send_one(replayed(undone, **released))

    assert (undone.status, undone.reason) == ("canceled", "superseded")


def test_a_backfill_of_an_older_event_gives_way_although_its_row_is_newer(sandbox):
    rule = tag_rule(sandbox)
    old = due(rule, status="canceled")
    send_all(due(removing(rule)))
    old.pk = Delivery.objects.order_by("-pk").values_list("pk", flat=True)[0] + 1
    Delivery.objects.filter(event=old.event).delete()
    backfill = Delivery.objects.create(
        **{name: getattr(old, name) for name in COPIED}, id=old.pk, trigger="backfill", priority=2
    )

    send_one(backfill)

    assert (backfill.status, backfill.reason) == ("canceled", "superseded")


COPIED = (
    "workspace event event_name rule rule_version connection account action target_kind "
    "target_id email"
).split()


def test_other_targets_and_other_people_do_not_matter(sandbox):
    rule = tag_rule(sandbox)
    failed = due(rule, status="failed")
    send_all(due(removing(rule), "other@x.io"))
    send_all(due(tag_rule(sandbox, "another", connection=rule.connection)))

    send_one(replayed(failed))

    assert failed.status == "completed"


def test_an_earlier_delivery_does_not_supersede(sandbox):
    rule = tag_rule(sandbox)
    send_all(due(removing(rule)))
    failed = due(rule, status="failed")

    send_one(replayed(failed))

    assert failed.status == "completed"


def test_the_first_attempt_of_a_replay_names_who_asked_and_the_next_is_a_retry(sandbox):
    failed = due(tag_rule(sandbox), status="failed")
    sandbox.faults.set("server_error", count=1)

    send_one(replayed(failed))
    send_one(hurry(failed))

    told = Attempt.objects.order_by("number").values_list("trigger", "asked_by", "outcome")
    assert list(told) == [
        ("replay", "ada", "rejected_server_error"),
        ("retry", "", "delivered"),
    ]
    assert (failed.trigger, failed.priority, failed.run_attempts) == ("replay", 2, 2)


def test_a_replay_called_off_before_it_began_leaves_the_delivery_as_it_was(sandbox):
    rule = tag_rule(sandbox)
    delivery = send_one(due(rule))
    done_at, applied = delivery.completed_at, delivery.applied_id

    send_one(replayed(delivery, cancel_asked_at=timezone.now()))

    assert (delivery.status, delivery.reason, delivery.cancel_asked_at) == ("completed", "", None)
    assert (delivery.completed_at, delivery.applied_id) == (done_at, applied)
    assert delivery.attempts.count() == 1


def test_what_was_delivered_before_a_replay_moved_it_still_counts(sandbox, undone):
    removed = Delivery.objects.get(action="remove_tag")
    another = sandbox.state.add_tag("another")
    moved = replayed(removed, target_id=another, applied_id=None, action="add_tag")
    send_all(moved)

    send_one(replayed(undone))

    assert (undone.status, undone.reason) == ("canceled", "superseded")
    assert sandbox.state.tags_of(EMAIL) == ["another"]
