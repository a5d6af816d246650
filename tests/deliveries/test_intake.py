"""Accepting events: the answer, the event's row and one delivery per matching rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from deliveries.models import Delivery, Event
from meshes.models import PublishableKey
from tests.builders import append_version, make_connection, make_mapping, make_rule
from tests.deliveries.senders import EVENT, EVENTS, give_rules, stored

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SAMPLE = {
    "event": "page.completed",
    "resource": "onboarding_sequence",
    "resource_id": "workspace-setup",
    "payload": {
        "user_id": "usr_5012",
        "email": "Alex@Northstar.io",
        "page_id": "page_connect-crm",
        "page_title": "Connect your CRM",
        "sequence_step": 3,
        "completed_at": "2026-03-21T15:06:00Z",
        "plan": {"seats": 1.5, "big": 12345678901234567890, "tags": ["é", "😀", None]},
    },
}


def columns(row, *left_out):
    """The columns of a row but its ids."""
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in ("id", "uuid", *left_out)
    }


def test_an_accepted_event_is_answered_exactly_as_the_contract_says(api, clock):
    answer = api.emit(SAMPLE)

    event = Event.objects.get()
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "event": {
            "id": str(event.uuid),
            "type": "event",
            "event": "page.completed",
            "workspace": str(api.workspace.pk),
            "resource": "onboarding_sequence",
            "resource_id": "workspace-setup",
            "created_by": "publishable key: Default",
            "created_at": "2026-03-02T12:00:00.000Z",
        }
    }


def test_every_column_of_the_event_is_filled(api, clock):
    rule = make_rule(workspace=api.workspace)

    api.emit(SAMPLE)

    event = Event.objects.get()
    rule.workspace.refresh_from_db()
    assert event.uuid.version == 4
    assert columns(event) == {
        "workspace_id": api.workspace.pk,
        "event": "page.completed",
        "resource": "onboarding_sequence",
        "resource_id": "workspace-setup",
        "payload": SAMPLE["payload"],
        "email": "alex@northstar.io",
        "user_id": "usr_5012",
        "page_id": "page_connect-crm",
        "page_title": "Connect your CRM",
        "sequence_step": "3",
        "completed_at": datetime(2026, 3, 21, 15, 6, tzinfo=UTC),
        "is_test": False,
        "rules_version": rule.workspace.rules_version,
        "total_rules": 1,
        "created_by": "publishable key: Default",
        "created_at": NOW,
        "erased_at": None,
    }


def test_every_column_of_the_delivery_is_filled(api, clock):
    rule = make_rule(workspace=api.workspace)

    api.emit(SAMPLE)

    delivery = Delivery.objects.get()
    expected = columns(Delivery(), "event_id", "created_at", "next_attempt_at")
    expected |= {
        "workspace_id": api.workspace.pk,
        "event_name": "page.completed",
        "rule_id": rule.pk,
        "rule_version_id": rule.current_id,
        "connection_id": rule.connection_id,
        "account_id": rule.connection.account_id,
        "action": "add_tag",
        "target_kind": "tag",
        "target_id": "12",
        "email": "alex@northstar.io",
        "page_id": "page_connect-crm",
        "status": "pending",
        "trigger": "live",
    }
    assert delivery.uuid.version == 4
    assert columns(delivery, "event_id", "created_at", "next_attempt_at") == expected
    assert (delivery.event, delivery.created_at, delivery.next_attempt_at) == (
        Event.objects.get(),
        NOW,
        NOW,
    )


def test_an_event_without_a_resource_is_global_and_its_id_is_left_out(api):
    answer = api.emit(EVENT).json()["event"]

    assert answer["resource"] == "global"
    assert "resource_id" not in answer
    assert (Event.objects.get().resource, Event.objects.get().resource_id) == ("global", "")


def test_an_event_that_matches_nothing_is_stored_and_says_so(api):
    make_rule(workspace=api.workspace, event="other")

    assert api.emit(EVENT).status_code == 201

    assert Event.objects.get().total_rules == 0
    assert stored() == (1, 0, 0)


def test_rules_of_other_workspaces_never_match(api):
    make_rule()

    api.emit(EVENT)

    assert stored() == (1, 0, 0)


def test_deliveries_follow_the_order_of_matching(api):
    connection = make_connection(workspace=api.workspace)
    for action, target in [("add_tag", "1"), ("sync_contact", ""), ("remove_tag", "2")]:
        make_rule(connection=connection, action=action, target_id=target)

    api.emit(EVENT)

    found = Delivery.objects.order_by("id").values_list("action", "target_kind", "target_id")
    assert list(found) == [
        ("remove_tag", "tag", "2"),
        ("sync_contact", "contact", ""),
        ("add_tag", "tag", "1"),
    ]


def test_a_changed_rule_acts_on_the_next_event(api):
    (rule,) = give_rules(api.workspace, 1)
    api.emit(EVENT)
    rule.active = False
    rule.save()
    append_version(rule, change="deactivated")

    api.emit(EVENT)

    assert list(Event.objects.order_by("id").values_list("total_rules", flat=True)) == [1, 0]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"page_id": "p"}, "email_missing"),
        ({"page_id": "p", "email": None}, "email_missing"),
        ({"page_id": "p", "user": {"email": "elsewhere@x.io"}}, "email_missing"),
    ],
)
def test_without_an_email_the_delivery_fails_at_once_and_says_why(api, clock, payload, reason):
    make_rule(workspace=api.workspace)

    assert api.emit({**EVENT, "payload": payload}).status_code == 201

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.last_outcome) == ("failed", "mapping_error")
    assert (delivery.reason, delivery.email) == (reason, "")
    assert delivery.completed_at == NOW
    assert delivery.last_error.startswith("The connection's field mapping found no email address")
    assert (delivery.attempt_count, delivery.tries, delivery.held_reason) == (0, 0, "")


@pytest.mark.parametrize("value", ["not an address", 5, {"a": 1}])
def test_a_mapped_value_that_is_no_email_is_called_invalid(api, value):
    connection = make_connection(workspace=api.workspace)
    field = {"dest": "email", "source": {"type": "path", "value": "contact"}}
    make_mapping(connection, schema={"schema_version": 1, "fields": [field]})
    make_rule(connection=connection)

    api.emit({**EVENT, "payload": {"contact": value, "email": "other@x.io"}})

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == ("failed", "email_invalid")
    assert "not a valid email address" in delivery.last_error
    assert str(value) not in delivery.last_error


def test_each_connection_maps_the_email_its_own_way(api):
    plain = make_rule(workspace=api.workspace)
    other = make_connection(workspace=api.workspace)
    field = {"dest": "email", "source": {"type": "path", "value": "owner.email"}}
    make_mapping(other, schema={"schema_version": 1, "fields": [field]})
    owner = make_rule(connection=other)

    api.emit({**EVENT, "payload": {"email": "A@x.io", "owner": {"email": " B@x.io "}}})

    assert Event.objects.get().email == "a@x.io"
    assert Delivery.objects.get(rule=plain).email == "a@x.io"
    assert Delivery.objects.get(rule=owner).email == "b@x.io"


def test_an_inactive_connection_holds_its_deliveries(api, clock):
    make_rule(connection=make_connection(workspace=api.workspace, active=False))

    api.emit(EVENT)

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.held_reason) == ("pending", "connection_inactive")
    assert delivery.held_at == NOW


def test_a_held_rule_holds_its_deliveries_for_its_own_reason(api, clock):
    make_rule(
        connection=make_connection(workspace=api.workspace, active=False), held_reason="target_gone"
    )

    api.emit(EVENT)

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.held_reason) == ("pending", "target_gone")
    assert delivery.held_at == NOW


def test_a_failed_delivery_is_not_held_as_well(api):
    make_rule(connection=make_connection(workspace=api.workspace, active=False))

    assert api.emit({**EVENT, "payload": {"x": 1}}).status_code == 201

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.held_reason, delivery.held_at) == ("failed", "", None)


def test_the_name_of_the_key_is_told_and_cut(api):
    PublishableKey.objects.update(name="k" * 64)

    assert api.emit(EVENT).json()["event"]["created_by"] == "publishable key: " + "k" * 64


def test_long_values_are_kept_in_the_payload_and_cut_in_the_columns(api):
    payload = {"user_id": "u" * 900, "page_title": "t" * 900, "page_id": "p" * 900}
    make_rule(workspace=api.workspace)

    assert api.emit({"event": "page.completed", "payload": payload}).status_code == 201

    event = Event.objects.get()
    assert event.payload == payload
    assert (len(event.user_id), len(event.page_title), event.page_id) == (200, 300, "")
    assert Delivery.objects.get().page_id == ""


def test_odd_values_come_back_as_they_were_sent(api):
    raw = (
        b'{"event": "e", "payload": {"tiny": 1e-300, "large": 1.5e20, "n": -0.0, "i": '
        + b"9" * 100
        + rb', "quote": "\"\\\u2028%s%(x)s", "": "", "$.a": [[], {}], "flag": false}}'
    )

    assert api.post(EVENTS, raw).status_code == 201

    assert Event.objects.get().payload == json.loads(raw)["payload"]


def test_the_event_name_may_hold_anything_visible(api):
    name = 'page\'s "done" %s {x} \\ 😀'

    answer = api.emit({**EVENT, "event": name})

    assert answer.json()["event"]["event"] == name
    assert Event.objects.get().event == name


def test_the_pump_is_nudged_after_the_commit_when_there_is_work(
    api, monkeypatch, django_capture_on_commit_callbacks
):
    nudges = []
    monkeypatch.setattr("deliveries.wakeup.nudge", lambda: nudges.append(stored()))
    api.emit(EVENT)
    make_rule(workspace=api.workspace)

    with django_capture_on_commit_callbacks(execute=True):
        api.emit(EVENT)
        assert nudges == []

    assert nudges == [(2, 1, 0)]


@pytest.mark.parametrize("over", [{"active": False}], ids=["held"])
def test_nobody_is_nudged_for_what_waits_for_a_person(
    api, django_capture_on_commit_callbacks, over
):
    make_rule(connection=make_connection(workspace=api.workspace, **over))

    with django_capture_on_commit_callbacks() as callbacks:
        api.emit(EVENT)

    assert callbacks == []


def test_a_nudge_that_fails_takes_nothing_back(
    api, monkeypatch, django_capture_on_commit_callbacks
):
    def fails():
        raise ConnectionError

    monkeypatch.setattr("deliveries.wakeup.nudge", fails)
    make_rule(workspace=api.workspace)

    with django_capture_on_commit_callbacks(execute=True):
        answer = api.emit(EVENT)

    assert answer.status_code == 201
    assert stored() == (1, 1, 0)


def test_new_events_are_due_at_once(api):
    make_rule(workspace=api.workspace)

    api.emit(EVENT)

    assert Delivery.objects.due(timezone.now()).count() == 1


def test_a_name_that_was_cut_in_the_middle_of_an_emoji_is_stored(api):
    raw = '{"event": "page.completed", "payload": {"first_name": "Rosa \\ud83d"}}'

    answer = api.post(EVENTS, raw)

    assert answer.status_code == 201
    assert Event.objects.get().payload == {"first_name": "Rosa \ufffd"}
