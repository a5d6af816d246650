"""Verifying finds what does not add up and blames nobody for what rightly changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from deliveries.models import Attempt, Delivery, Event
from deliveries.verifying import Verification, verify
from rules.models import Rule
from tests.builders import append_version, make_attempt, make_delivery, make_event, make_rule
from tests.deliveries.erasures import erase
from tests.deliveries.olden import remove_now
from tests.deliveries.pages import SPRING
from tests.deliveries.senders import EVENT, give_rules, make_sender

pytestmark = pytest.mark.django_db


def now_verify(**over) -> Verification:
    """What verifying everything finds."""
    return verify(**{"sample": 100, "seed": 1, **over})


def emitted(api, rules: int = 2) -> tuple[Event, list[Rule]]:
    """An event that the API took, and the rules that it matched."""
    made = give_rules(api.workspace, rules)
    assert api.emit(EVENT).status_code == 201
    return Event.objects.order_by("-pk")[0], made


def complete(delivery: Delivery, **over) -> Attempt:
    """The delivered attempt that completed it."""
    attempt = make_attempt(delivery, **over)
    done = {"status": "completed", "applied_id": attempt.pk}
    Delivery.objects.filter(pk=delivery.pk).update(**done)
    return attempt


def test_events_fit_the_rules_of_their_time(api):
    _, (rule, _) = emitted(api)
    Rule.objects.filter(pk=rule.pk).update(page_id="another")
    rule.refresh_from_db()
    append_version(rule, change="edited")
    assert api.emit(EVENT).status_code == 201

    found = now_verify()

    assert found.faults == []
    assert (found.sampled, found.figures["deliveries"]) == (2, 3)


def test_a_rule_that_was_off_when_the_event_came_is_not_missed(api):
    _, (rule, _) = emitted(api)
    Rule.objects.filter(pk=rule.pk).update(active=False)
    rule.refresh_from_db()
    append_version(rule, change="deactivated")

    assert api.emit(EVENT).status_code == 201

    assert now_verify().faults == []


def test_a_missing_delivery_is_told(api):
    event, (rule, _) = emitted(api)
    Delivery.objects.filter(rule=rule).delete()
    Event.objects.update(total_rules=1)

    assert now_verify().faults == [
        f"Event {event.pk} ({event.uuid}): it fits the rule {rule.pk} of that time and has no "
        "delivery of it."
    ]


def test_a_delivery_of_a_rule_that_did_not_fit_is_told(api):
    event, _ = emitted(api)
    other = make_rule(workspace=api.workspace, event="another.event")
    make_delivery(event, other, created_at=event.created_at)

    assert now_verify().faults == [
        f"Event {event.pk} ({event.uuid}): it has a delivery of the rule {other.pk}, which it did "
        "not fit at that time."
    ]


@pytest.mark.parametrize("trigger", ["backfill", "replay"])
@pytest.mark.parametrize("clock_s", [60, -60])
def test_what_a_backfill_made_later_is_no_fault_whatever_its_clock_said(api, trigger, clock_s):
    event, _ = emitted(api)
    later = make_rule(workspace=api.workspace, target_id="99")
    made_at = event.created_at + timedelta(seconds=clock_s)
    make_delivery(event, later, trigger=trigger, created_at=made_at)

    assert now_verify().faults == []


def test_a_column_that_is_not_what_the_payload_says_is_told(api):
    event, _ = emitted(api, rules=0)
    Event.objects.update(page_id="another")

    assert now_verify().faults == [
        f"Event {event.pk} ({event.uuid}): its column page_id is not what its payload says."
    ]


def test_an_erased_event_is_evaluated_by_its_columns(api):
    emitted(api)
    erase(EVENT["payload"]["email"])

    found = now_verify()

    assert (found.faults, found.sampled) == ([], 1)


def two_on_one_target() -> tuple[Delivery, Delivery]:
    """Deliveries of two events to the same person and tag."""
    rule = make_rule()
    events = [make_event(workspace=rule.workspace) for _ in range(2)]
    made = [make_delivery(each, rule, created_at=each.created_at) for each in events]
    return made[0], made[1]


def test_deliveries_in_their_order_are_folded():
    first, second = two_on_one_target()
    complete(first, effect="applied")
    complete(second, effect="already")

    found = now_verify()

    assert found.ok
    told = (found.folded.attempts, found.folded.targets, found.folded.held)
    assert (*told, found.folded.changed_elsewhere) == (2, 1, 1, 0)


def test_a_swapped_order_is_told():
    first, second = two_on_one_target()
    complete(second)
    complete(first)

    assert now_verify().faults == [
        f"Delivery {second.pk} ({second.uuid}): it was applied before an earlier delivery to the "
        "same person and target."
    ]


@pytest.mark.parametrize(
    "over", [{"trigger": "replay"}, {"released_at": SPRING}], ids=["replay", "release"]
)
def test_a_replay_and_a_release_may_come_later(over):
    first, second = two_on_one_target()
    Delivery.objects.filter(pk=first.pk).update(**over)
    complete(second)
    complete(first)

    assert now_verify().ok


def test_a_target_that_changed_in_the_account_is_worth_a_line_and_no_fault():
    first, second = two_on_one_target()
    complete(first, effect="applied")
    complete(second, effect="applied")

    found = now_verify()

    assert (found.ok, found.folded.changed_elsewhere) == (True, 1)


def test_a_completed_delivery_without_its_attempt_is_told():
    first, second = two_on_one_target()
    complete(first)
    other = complete(second)
    Delivery.objects.filter(pk=first.pk).update(applied_id=other.pk)

    assert now_verify().faults == [
        f"Delivery {first.pk} ({first.uuid}): it is completed, but no delivered attempt of its "
        "own says so."
    ]


def test_a_failed_delivery_that_was_delivered_is_told():
    first, _ = two_on_one_target()
    make_attempt(first)
    Delivery.objects.filter(pk=first.pk).update(status="failed")

    assert now_verify().faults == [
        f"Delivery {first.pk} ({first.uuid}): its last attempt delivered, but it is not completed."
    ]


def test_one_seed_draws_the_same_events(api):
    emitted(api, rules=0)
    for number in range(40):
        make_event(workspace=api.workspace, page_id=str(number))

    def blamed(seed):
        return now_verify(sample=10, seed=seed).faults

    assert blamed(5) == blamed(5)
    assert blamed(5) != blamed(6)
    assert 9 <= len(blamed(5)) <= 10


def test_a_workspace_is_verified_for_itself(api):
    emitted(api)
    other = make_sender("Other")
    emitted(other)
    Delivery.objects.filter(workspace=other.workspace).delete()

    assert now_verify(workspace_id=api.workspace.pk).ok
    assert not now_verify(workspace_id=other.workspace.pk).ok


def test_the_command_prints_figures_and_ends_well(api, capsys):
    emitted(api)

    call_command("verify", seed=7)

    assert capsys.readouterr().out.splitlines() == [
        "Accepted events: 1 = 0 unmatched + 1 matched",
        "Deliveries: 2 = 0 completed + 2 waiting + 0 held + 0 failed + 0 canceled",
        "Attempts: 0",
        "Events evaluated again: 1 (--seed 7)",
        "Delivered attempts folded in their order: 0 on 0 targets, of which 0 hold the tag or list",
        "Everything adds up.",
    ]


def test_the_command_names_each_fault_and_ends_with_one(api, capsys):
    event, (rule, _) = emitted(api)
    Delivery.objects.filter(rule=rule).delete()
    Event.objects.update(total_rules=1)

    with pytest.raises(SystemExit) as ended:
        call_command("verify", sample=5)

    assert ended.value.code == 1
    *_, fault, last = capsys.readouterr().out.splitlines()
    assert fault.startswith(f"FAULT: Event {event.pk} ({event.uuid}): it fits the rule {rule.pk}")
    assert last == "1 thing does not add up. Keep this output and look at the rows that it names."


def test_the_command_refuses_a_workspace_that_does_not_exist():
    with pytest.raises(CommandError, match="There is no workspace"):
        call_command("verify", workspace="5b0d1e40-6a2d-4d9e-8f37-0f4c8a1f6f11")


def test_what_retention_removed_is_shown(api, capsys):
    emitted(api)
    then = timezone.now() - timedelta(days=100)
    Event.objects.update(created_at=then)
    Delivery.objects.update(created_at=then, status="canceled")
    remove_now()

    call_command("verify")

    lines = capsys.readouterr().out.splitlines()
    assert "Accepted events ever: 1, of which retention removed 1" in lines
    assert "Deliveries ever: 2, of which retention removed 2" in lines
