"""Replaying and canceling one delivery, or those of one event, on their pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from deliveries.models import Attempt, Delivery
from meshes.models import Membership
from rules.models import Rule
from tests.builders import (
    append_version,
    make_connection,
    make_delivery,
    make_event,
    make_rule,
    make_workspace,
)
from tests.deliveries.pages import page, queries_of, text_of, viewer
from tests.deliveries.replays import NOW, ended, replay_now, row

pytestmark = pytest.mark.django_db

WAS = {"basis": "was"}


@pytest.fixture
def rule(db) -> Rule:
    return make_rule(name="CRM connected", connection=make_connection(name="Acme AC"))


def press(client: Client, delivery: Any, button: str, **form: str) -> str:
    """What the page says after the button was pressed and confirmed."""
    answer = client.post(ask(delivery, button), form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def ask(delivery: Any, button: str) -> str:
    name = f"admin:deliveries_{delivery._meta.model_name}_button"
    return reverse(name, args=[delivery.pk, button])


def test_a_replay_is_asked_for_with_what_differs(staff, rule):
    delivery = ended(rule)
    rule.name, rule.target_id, rule.target_label = "CRM done", "13", "new"
    rule.save()
    append_version(rule, change="edited")

    text = text_of(staff, ask(delivery, "replay"))

    assert "which is failed now?" in text
    assert "The rule has changed since:" in text
    assert "add the tag “step-3-complete”" in text
    assert "add the tag “new”" in text
    assert "Send even what a later delivery has overtaken" in text
    assert row(delivery)["status"] == "failed"


def test_only_what_went_out_without_a_replay_says_how_soon_it_did(staff, rule):
    delivery = ended(rule, status="completed", created_at=NOW, completed_at=NOW)
    assert ", 0 ms after it was received" in text_of(staff, page(delivery))

    Delivery.objects.filter(pk=delivery.pk).update(trigger="replay")

    text = text_of(staff, page(delivery))
    assert ", by a replay" in text
    assert "after it was received" not in text
    assert "Rule&#x27;s condition" in text


def test_a_confirmed_replay_says_so_and_carries_the_persons_name(staff, rule):
    delivery = ended(rule)

    text = press(staff, delivery, "replay", **WAS, insist="on")

    assert "The delivery is replayed." in text
    assert "Replay</dt>" in text
    assert "asked for by admin, waits for its turn" in text
    assert "waiting</span>" in text
    stored = row(delivery)
    assert (stored["status"], stored["asked_by"], stored["insist"]) == ("pending", "admin", True)


def test_a_delivered_one_is_replayed_only_after_a_warning(staff, rule):
    delivery = ended(rule, status="completed", reason="", attempt_count=1)

    assert "This delivery was delivered already." in text_of(staff, ask(delivery, "replay"))
    press(staff, delivery, "replay", basis="now")

    assert row(delivery)["status_before"] == "completed"


def test_a_waiting_replay_tells_no_cause_and_no_end(staff, rule):
    delivery = replay_now(ended(rule, reason="tag_not_found"))

    text = text_of(staff, page(delivery))

    assert "What happened</dt>" not in text
    assert "Ended</dt>" not in text
    assert "Next attempt" in text


def test_what_cannot_be_replayed_says_why_and_offers_nothing(staff, rule):
    delivery = ended(rule)
    Rule.objects.filter(pk=rule.pk).update(deleted_at=NOW)

    text = text_of(staff, ask(delivery, "replay"))
    said = press(staff, delivery, "replay", **WAS)

    assert "The rule of this delivery was deleted, so it cannot be replayed." in text
    assert 'type="submit" class="row-button row-button-main"' not in text
    assert "The rule of this delivery was deleted, so it cannot be replayed." in said
    assert row(delivery)["status"] == "failed"


def test_an_unfinished_delivery_offers_to_cancel_and_an_ended_one_to_replay(staff, rule):
    waiting, over = ended(rule, status="pending", completed_at=None), ended(rule)

    assert "Cancel delivery" in text_of(staff, page(waiting))
    assert "Replay…" not in text_of(staff, page(waiting))
    assert "Replay…" in text_of(staff, page(over))
    assert "Cancel delivery" not in text_of(staff, page(over))


def test_canceling_says_what_became_of_the_delivery(staff, rule):
    waiting = ended(rule, status="pending", completed_at=None, reason="")
    replayed = replay_now(ended(rule))

    assert "The delivery is canceled; nothing more is sent for it." in press(
        staff, waiting, "cancel"
    )
    assert "The replay is called off" in press(staff, replayed, "cancel")
    assert "admin canceled this delivery." in text_of(staff, page(waiting))

    assert (row(waiting)["status"], row(replayed)["status"]) == ("canceled", "failed")


def test_an_events_buttons_act_on_all_its_deliveries(staff, rule):
    failed = ended(rule)
    other = make_rule(connection=rule.connection, page_id="other")
    waiting = make_delivery(failed.event, other)

    assert "1 delivery canceled." in press(staff, failed.event, "cancel-waiting")
    assert "1 delivery replayed." in press(staff, failed.event, "replay-failed", **WAS)

    assert (row(waiting)["status"], row(failed)["status"]) == ("canceled", "pending")


def test_a_replay_that_leaves_all_out_is_a_warning(staff, rule):
    lost = ended(rule, "")
    address = page(lost.event).removesuffix("change/") + "do/replay-failed/"

    answer = staff.post(address, WAS, follow=True)

    (said,) = answer.context["messages"]
    assert said.message.startswith("0 deliveries replayed. 1 left out: ")
    assert said.level_tag == "warning"
    assert row(lost)["status"] == "failed"


def test_a_button_that_asks_first_ends_with_an_ellipsis(staff, rule):
    failed = ended(rule)

    for shown in (text_of(staff, page(failed)), text_of(staff, page(failed.event))):
        assert "Replay" in shown
        assert "Replay</a>" not in shown
        assert "Replay failed</a>" not in shown


def test_an_event_without_failures_offers_no_replay(staff, rule):
    event = ended(rule, status="completed").event

    text = text_of(staff, page(event))

    assert "Replay failed" not in text
    assert "Cancel what waits" not in text


@pytest.mark.parametrize(
    ("permissions", "button"),
    [
        (("view_delivery",), "replay"),
        (("view_delivery", "cancel_delivery"), "replay"),
        (("view_delivery", "replay_delivery"), "cancel"),
        (("replay_delivery",), "replay"),
    ],
)
def test_each_button_needs_its_permission_and_sight_of_the_row(rule, permissions, button):
    delivery = ended(rule) if button == "replay" else ended(rule, status="pending")
    before = row(delivery)
    browser = viewer(*permissions)

    answers = [browser.get(ask(delivery, button)), browser.post(ask(delivery, button), WAS)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert row(delivery) == before


def test_support_with_the_permission_may_replay_and_cancel(rule):
    browser = viewer("view_delivery", "replay_delivery", "cancel_delivery")
    delivery = ended(rule)

    press(browser, delivery, "replay", **WAS)
    assert row(delivery)["asked_by"] == "viewer"
    press(browser, delivery, "cancel")

    assert row(delivery)["status"] == "failed"


def test_deliveries_of_other_workspaces_are_out_of_reach(rule):
    delivery = ended(rule)
    browser = viewer("view_delivery", "replay_delivery")
    person = User.objects.get(username="viewer")
    Membership.objects.create(user=person).workspaces.add(make_workspace())

    assert browser.post(ask(delivery, "replay"), WAS).status_code == 404
    assert row(delivery)["status"] == "failed"


def test_asking_changes_nothing_and_costs_few_queries(staff, rule):
    delivery = ended(rule)
    before = row(delivery)

    assert queries_of(staff, ask(delivery, "replay")) <= 10
    assert queries_of(staff, ask(delivery.event, "replay-failed")) <= 10

    assert row(delivery) == before
    assert not Attempt.objects.exists()
    assert Delivery.objects.count() == 1


def test_an_erased_person_is_not_told_of(staff, rule):
    event = make_event(workspace=rule.workspace, email="", payload={}, erased_at=NOW)
    delivery = make_delivery(event, rule, status="failed", email="")

    text = text_of(staff, ask(delivery, "replay"))

    assert "The person of this event was erased" in text
    assert "The rule has not changed since" not in text
