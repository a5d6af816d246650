"""A replay is a new run on the same delivery, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from deliveries.calling_off import BEFORE
from deliveries.models import Attempt, Delivery
from deliveries.moving import Difference, differences
from deliveries.replaying import CannotReplay, replay, replay_event_failures
from rules.mapping import generated_schema
from rules.models import Rule
from tests.builders import (
    append_version,
    make_account,
    make_connection,
    make_delivery,
    make_mapping,
    make_rule,
)
from tests.deliveries.replays import ENDED, NOW, ended, replay_now, row
from tests.deliveries.scenes import due, send_one, tag_rule
from tests.threads import at_once

pytestmark = pytest.mark.django_db

OTHER_MAPPING = {
    **generated_schema(),
    "fields": [{"dest": "email", "source": {"type": "path", "value": "work_email"}}],
}


@pytest.fixture
def rule(db) -> Rule:
    return make_rule(name="CRM connected", connection=make_connection(name="Acme AC"))


def edit(rule: Rule, **over: Any) -> Rule:
    for name, value in over.items():
        setattr(rule, name, value)
    rule.save()
    return append_version(rule, change="edited")


def test_a_replay_begins_a_new_run_and_leaves_all_else_alone(rule):
    delivery = ended(
        rule, retry_until=ENDED, paused_mark=7.5, cancel_asked_at=ENDED, attempt_count=4
    )
    before = row(delivery)

    replay_now(delivery)

    changed = {name: value for name, value in row(delivery).items() if value != before[name]}
    assert changed == {
        "status": "pending",
        "status_before": "failed",
        "trigger": "replay",
        "priority": 2,
        "asked_by": "rosa",
        "tries": 0,
        "retry_until": None,
        "paused_mark": 0.0,
        "next_attempt_at": NOW,
        "cancel_asked_at": None,
    }
    assert Attempt.objects.count() == 0
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_whatever_has_ended_can_be_replayed(rule, status):
    delivery = replay_now(ended(rule, status=status, applied_id=5), insist=True)

    assert (delivery.status, delivery.status_before) == ("pending", status)
    assert (delivery.insist, delivery.applied_id) == (True, 5)


def gone(rule: Rule, delivery: Delivery, what: str) -> None:
    now = timezone.now()
    if what == "rule_deleted":
        Rule.objects.filter(pk=rule.pk).update(deleted_at=now)
    elif what == "connection_deleted":
        type(rule.connection).objects.filter(pk=rule.connection_id).update(deleted_at=now)
    elif what == "erased":
        type(delivery.event).objects.filter(pk=delivery.event_id).update(erased_at=now)
    elif what == "no_email":
        Delivery.objects.filter(pk=delivery.pk).update(email="")
    else:
        Delivery.objects.filter(pk=delivery.pk).update(status="retrying")


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("unfinished", "This delivery is not finished, so it cannot be replayed."),
        ("rule_deleted", "The rule of this delivery was deleted, so it cannot be replayed."),
        ("connection_deleted", "The connection of this delivery was deleted."),
        ("erased", "The person of this event was erased, so nothing is left"),
        ("no_email", "replay with the rule as it is now"),
    ],
)
def test_a_refusal_names_its_cause_and_changes_nothing(rule, what, sentence):
    delivery = ended(rule)
    gone(rule, delivery, what)
    before = row(delivery)

    with pytest.raises(CannotReplay, match=sentence) as refusal:
        replay_now(delivery)

    assert refusal.value.fate == what
    assert row(delivery) == before


def test_an_unknown_delivery_is_not_replayed():
    with pytest.raises(Delivery.DoesNotExist):
        replay(1, basis="was", insist=False, by="rosa", now=NOW)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({"held_reason": "tag_not_found"}, "tag_not_found"),
        ({"active": False}, "connection_inactive"),
    ],
)
def test_a_replay_waits_for_what_its_rule_or_connection_waits_for(rule, held, expected):
    model = Rule if "held_reason" in held else type(rule.connection)
    model.objects.filter(pk__in=[rule.pk, rule.connection_id]).update(**held)

    delivery = replay_now(ended(rule))

    assert (delivery.status, delivery.held_reason, delivery.held_at) == ("pending", expected, NOW)


def test_as_it_was_keeps_the_version_although_the_rule_changed(rule):
    delivery = ended(rule)
    first = rule.current_id
    edit(rule, target_id="13", target_label="new")

    replay_now(delivery)

    assert (delivery.rule_version_id, delivery.target_id) == (first, "12")
    assert delivery.progress == {}


def test_as_it_is_now_moves_the_delivery_in_one_step(rule):
    other = make_connection(workspace=rule.workspace, account=make_account(key="other"), name="B")
    delivery = ended(rule, applied_id=5, event={"payload": {"work_email": "Alex@Work.example"}})
    before = row(delivery)
    make_mapping(other, schema=OTHER_MAPPING)
    edit(rule, connection=other, action="add_to_list", target_id="3", target_label="Onboarding")

    replay_now(delivery, basis="now")

    moved = {
        "rule_version_id": rule.current_id,
        "connection_id": other.pk,
        "account_id": other.account_id,
        "action": "add_to_list",
        "target_kind": "list",
        "target_id": "3",
        "email": "alex@work.example",
        "applied_id": None,
    }
    assert {name: row(delivery)[name] for name in moved} == moved
    kept = delivery.progress[BEFORE]
    assert kept.pop("rule_version_id") == str(before["rule_version_id"])
    assert kept.pop("connection_id") == str(before["connection_id"])
    assert kept == {name: before[name] for name in set(moved) - {"email"} if name in kept}
    assert "example" not in str(delivery.progress)


def test_as_it_is_now_without_a_difference_is_as_it_was(rule):
    delivery = replay_now(ended(rule, applied_id=5), basis="now")

    assert (delivery.progress, delivery.applied_id) == ({}, 5)


def test_a_delivery_without_an_email_gets_one_from_the_mapping_of_now(rule):
    delivery = ended(rule, "", event={"payload": {"work_email": "a@work.example"}}, status="failed")
    make_mapping(rule.connection, schema=OTHER_MAPPING)
    edit(rule)

    replay_now(delivery, basis="now")

    assert (delivery.status, delivery.email) == ("pending", "a@work.example")


def test_as_it_is_now_is_refused_without_an_email(rule):
    delivery = ended(rule)
    make_mapping(rule.connection, schema=OTHER_MAPPING)
    edit(rule)
    before = row(delivery)

    with pytest.raises(CannotReplay, match="Today's field mapping finds no valid email"):
        replay_now(delivery, basis="now")

    assert row(delivery) == before


def test_a_deleted_connection_does_not_matter_when_the_rule_uses_another_now(rule):
    delivery = ended(rule)
    gone(rule, delivery, "connection_deleted")
    edit(rule, connection=make_connection(workspace=rule.workspace))

    assert replay_now(delivery, basis="now").connection_id == rule.connection_id


def test_a_replay_asks_no_other_rule(rule):
    delivery = ended(rule)
    make_rule(connection=rule.connection, target_id="13")
    edit(rule, page_id="another page")

    replay_now(delivery, basis="now")

    assert delivery.status == "pending"
    assert Delivery.objects.count() == 1


def test_an_events_failures_are_replayed_and_the_others_left(rule):
    failed = ended(rule)
    event = failed.event
    kept, deleted = (make_rule(connection=rule.connection, page_id=page) for page in "ab")
    done = make_delivery(event, kept, status="completed")
    lost = make_delivery(event, deleted, status="failed")
    Rule.objects.filter(pk=deleted.pk).update(deleted_at=NOW)

    result = replay_event_failures(event, basis="was", insist=False, by="rosa", now=NOW)

    assert (result.taken, dict(result.skipped)) == (1, {"rule_deleted": 1})
    statuses = dict(Delivery.objects.values_list("pk", "status"))
    assert statuses == {failed.pk: "pending", done.pk: "completed", lost.pk: "failed"}


def test_what_would_differ_is_told_in_words_without_an_address(rule):
    other = make_connection(workspace=rule.workspace, name="Other AC")
    delivery = ended(rule)
    make_mapping(other, schema=OTHER_MAPPING, name="Own mapping")
    edit(rule, name="CRM done", connection=other, target_id="13", target_label="new")
    fresh = Delivery.objects.get(pk=delivery.pk)

    assert differences(fresh) == [
        Difference("Rule's name", "CRM connected", "CRM done"),
        Difference("Connection", "Acme AC", "Other AC"),
        Difference("What it does", "add the tag “step-3-complete”", "add the tag “new”"),
        Difference("Field mapping", "Default mapping, version 1", "Own mapping, version 1"),
        Difference("Email", "the address of this delivery", "no valid address"),
    ]


def test_a_tag_that_was_made_again_under_its_name_shows_as_another_number(rule):
    delivery = ended(rule)
    edit(rule, target_id="99")

    assert differences(Delivery.objects.get(pk=delivery.pk)) == [
        Difference(
            "What it does",
            "add the tag “step-3-complete” (number 12)",
            "add the tag “step-3-complete” (number 99)",
        )
    ]


def test_nothing_differs_when_the_rule_is_the_same(rule):
    assert differences(Delivery.objects.get(pk=ended(rule).pk)) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("basis", ["was", "now"])
def test_of_two_replays_at_once_one_wins(basis):
    delivery = ended(make_rule())

    def ask() -> str:
        try:
            replay(delivery.pk, basis=basis, insist=False, by="rosa", now=NOW)
        except CannotReplay as refusal:
            return refusal.fate
        return "replayed"

    assert sorted(at_once(4, ask)) == ["replayed", "unfinished", "unfinished", "unfinished"]


def test_a_replayed_delivery_is_sent_again_and_stays_one(sandbox):
    delivery = send_one(due(tag_rule(sandbox)))
    assert delivery.status == "completed"

    replay_now(delivery)
    send_one(delivery)

    tries = list(Attempt.objects.order_by("number").values_list("trigger", "asked_by", "effect"))
    assert tries == [("live", "", "applied"), ("replay", "rosa", "already")]
    assert (delivery.status, delivery.attempt_count) == ("completed", 2)
    assert Delivery.objects.count() == 1
