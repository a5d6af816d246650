"""What support people see of one event or delivery, and what they can not do."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deliveries.models import Attempt, Delivery, Event
from meshes.models import Membership
from tests.builders import (
    make_attempt,
    make_connection,
    make_delivery,
    make_event,
    make_rule,
)
from tests.deliveries.pages import (
    CRM,
    EXCHANGE,
    SECRET,
    SENTENCE,
    SPRING,
    failed_delivery,
    listed,
    page,
    queries_of,
    text_of,
    viewer,
)

pytestmark = pytest.mark.django_db


def history_of_everything() -> list[Any]:
    tables = (Event, Delivery, Attempt)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def test_an_event_page_tells_what_happened_and_what_came_of_it(staff: Client) -> None:
    delivery = failed_delivery()

    text = text_of(staff, page(delivery.event))

    assert f"<h1>{SENTENCE}</h1>" in text
    assert "1 failed" in text
    assert "Add the tag “step-3-complete” in Acme AC" in text
    assert "failed: The tag of the rule no longer exists in ActiveCampaign" in text
    assert f'<a href="{page(delivery)}">CRM connected</a>' in text
    assert "u_1001" in text


def test_a_delivery_page_tells_the_cause_and_every_attempt(staff: Client) -> None:
    text = text_of(staff, page(failed_delivery()))

    assert f"<h1>{SENTENCE}</h1>" in text
    assert "Whoever looks after the rule fixes this on the rule&#x27;s page." in text
    assert "Choose another tag or create it again under the same name" in text
    assert "page.completed" in text
    assert "ActiveCampaign did not answer in time." in text
    assert "The tag is gone." in text
    assert "404 Not Found" in text
    assert "<code>POST /contactTags</code>" in text
    assert "No Result found for Tag with id 12" in text
    assert "7c0e41d5b2" in text
    assert text.index("Attempt 1:") < text.index("Attempt 2:") < text.index("Delivery id")


def test_times_follow_the_zone_of_the_viewer(staff: Client, admin_user: User) -> None:
    Membership.objects.create(user=admin_user, time_zone="Europe/Berlin")

    text = text_of(staff, page(make_event(**CRM)))

    assert "completed 21 Mar 2026 16:06 CET (+01:00)" in text


@pytest.mark.parametrize("model", [Event, Delivery])
def test_an_unreadable_time_is_shown_as_the_product_sent_it(
    staff: Client, model: type[Any]
) -> None:
    rule = make_rule()
    payload = {"completed_at": "yesterday at noon"}
    event = make_event(
        workspace=rule.workspace, **{**CRM, "completed_at": None, "payload": payload}
    )
    row = {Event: event, Delivery: make_delivery(event, rule)}[model]

    expected = "Connect your CRM (step 3), completed yesterday at noon (as sent)"

    assert expected in text_of(staff, listed(model))
    assert expected in text_of(staff, page(row))


def test_what_people_sent_is_escaped(staff: Client) -> None:
    event = make_event(page_title="<script>alert(1)</script>", user_id="<b>", email="")

    for address in (page(event), listed(Event)):
        text = text_of(staff, address)
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_payload_needs_its_own_permission(staff: Client) -> None:
    event = make_event(**CRM)
    support = viewer("view_event")

    assert SECRET not in text_of(support, page(event))
    assert SECRET not in text_of(support, page(event) + "?payload=show")
    assert "Payload" not in text_of(support, page(event))
    assert SECRET in text_of(viewer_with_payload(), page(event) + "?payload=show")


def viewer_with_payload() -> Client:
    person = User.objects.get(username="viewer")
    person.user_permissions.add(Permission.objects.get(codename="view_payload"))
    client = Client()
    client.force_login(person)
    return client


def test_the_payload_is_shown_only_when_asked_for_and_each_look_is_logged(
    staff: Client, admin_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    event = make_event(**CRM)
    caplog.set_level(logging.INFO)

    before = text_of(staff, page(event))
    quiet = payload_looks(caplog)
    text_of(staff, page(event) + "?payload=show")
    looks = payload_looks(caplog)

    assert SECRET not in before
    assert quiet == []
    assert [(look["by_id"], look["event_id"]) for look in looks] == [
        (admin_user.pk, str(event.uuid))
    ]
    assert SECRET not in caplog.text


def payload_looks(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [each for each in told if each["event"] == "payload_viewed"]


def test_looking_at_history_changes_nothing(staff: Client) -> None:
    delivery = failed_delivery()
    before = history_of_everything()

    for address in (listed(Event), listed(Delivery), page(delivery), page(delivery.event)):
        text_of(staff, address)

    assert history_of_everything() == before


@pytest.mark.parametrize("action", ["add", "change", "delete"])
@pytest.mark.parametrize("model", [Event, Delivery])
def test_nobody_edits_history_by_hand(staff: Client, model: type[Any], action: str) -> None:
    delivery = failed_delivery()
    row = delivery if model is Delivery else delivery.event
    arguments = [] if action == "add" else [row.pk]
    before = history_of_everything()

    address = reverse(f"admin:deliveries_{model._meta.model_name}_{action}", args=arguments)
    answer = staff.post(address, {"event": "changed", "event_name": "changed", "post": "yes"})

    assert answer.status_code == 403
    assert history_of_everything() == before


def test_pages_cost_the_same_few_queries_for_many_attempts(staff: Client) -> None:
    delivery = failed_delivery()
    few = queries_of(staff, page(delivery)), queries_of(staff, page(delivery.event))
    for _ in range(20):
        make_attempt(delivery, exchanges=[EXCHANGE, EXCHANGE])
    for number in range(5):
        rule = make_rule(connection=delivery.connection, page_id=f"page {number}")
        make_delivery(delivery.event, rule)

    many = queries_of(staff, page(delivery)), queries_of(staff, page(delivery.event))

    assert many == few
    assert max(many) <= 11


def test_a_waiting_delivery_says_when_it_goes_on(staff: Client) -> None:
    rule = make_rule()
    soon = timezone.now() + timedelta(minutes=5)
    account = rule.connection.account
    account.paused_until = soon
    account.save()
    waiting = make_delivery(make_event(workspace=rule.workspace), rule, next_attempt_at=soon)

    text = text_of(staff, page(waiting))

    assert "Next attempt" in text
    assert "Account paused until" in text
    assert "No attempt has been made yet." in text
    assert "What happened</dt>" not in text


def test_a_delivery_in_flight_promises_no_next_attempt(staff: Client) -> None:
    rule = make_rule()
    lease = {"lease_token": uuid4(), "lease_until": timezone.now()}
    sending = make_delivery(
        make_event(workspace=rule.workspace), rule, status="processing", **lease
    )

    text = text_of(staff, page(sending))

    assert "sending now" in text
    assert "Next attempt" not in text


def test_a_held_delivery_says_who_acts(staff: Client) -> None:
    rule = make_rule()
    held = {"held_reason": "connection_inactive", "held_at": SPRING}
    delivery = make_delivery(make_event(workspace=rule.workspace, is_test=True), rule, **held)

    text = text_of(staff, page(delivery))

    assert "held: The connection is switched off or its key is refused" in text
    assert "Enter a working key or switch the connection on" in text
    assert "21 Mar 2026 15:06:07 UTC" in text
    assert "test</span>" in text


def test_a_delivery_that_was_given_up_is_not_said_to_go_on(staff: Client) -> None:
    rule = make_rule()
    over = {"status": "failed", "reason": "timeout", "completed_at": SPRING}
    delivery = make_delivery(make_event(workspace=rule.workspace), rule, **over)

    text = text_of(staff, page(delivery))

    assert "Meshes has stopped trying, so a person decides." in text
    assert "Replay this delivery once ActiveCampaign works." in text
    assert "tries again by itself" not in text


def test_an_unknown_reason_shows_what_the_engine_wrote(staff: Client) -> None:
    rule = make_rule()
    over = {"status": "failed", "reason": "brand_new", "last_error": "It broke in a new way."}
    delivery = make_delivery(make_event(workspace=rule.workspace), rule, **over)

    text = text_of(staff, page(delivery))

    assert "Nobody has described this cause yet." in text
    assert "It broke in a new way." in text


def test_odd_rows_are_shown_as_well_as_they_can_be(staff: Client) -> None:
    connection_ = make_connection(kind="retired", name="Old one")
    rule = make_rule(connection=connection_, action="add_deal", target_id="9", target_label="")
    event = make_event(workspace=rule.workspace, email="", payload={}, erased_at=SPRING)
    delivery = make_delivery(event, rule, attempt_count=60)
    odd = {**EXCHANGE, "status": 520, "response_body": "<html>cut o", "response_headers": {}}
    none = {"method": "GET", "path": "/tags", "status": None, "error": "dns_failed"}
    make_attempt(delivery, outcome="", completed_at=None, duration_ms=None, exchanges=[odd, none])
    Delivery.objects.filter(pk=delivery.pk).update(attempt_count=60)

    text = text_of(staff, page(delivery))

    assert "Add deal number 9" in text
    assert ">520</span>" in text
    assert "no answer: dns failed" in text
    assert "&lt;html&gt;cut o" in text
    assert "59 earlier attempts are not shown." in text
    assert "erased" in text_of(staff, page(event))


def test_an_attempt_says_what_made_it_different(staff: Client) -> None:
    delivery = failed_delivery()
    other = make_connection(workspace=delivery.workspace, name="Other AC")
    make_attempt(
        delivery, trigger="replay", asked_by="rosa", connection=other, target_id="13",
        target_label="new", effect="applied",
    )  # fmt: skip
    make_attempt(delivery, outcome="rate_limited", counted=False)
    make_attempt(delivery, exchanges=[{**EXCHANGE, "status": None, "error": ""}])

    text = text_of(staff, page(delivery))

    assert "replay asked for by rosa · changed in the account · in Other AC · for “new”" in text
    assert "does not count as a try" in text
    assert "no answer</span>" in text


def test_the_permission_survives_a_complete_migration() -> None:
    call_command("makemigrations", "deliveries", check=True, dry_run=True, verbosity=0)

    assert Permission.objects.get(codename="view_payload").name == "Can see the payload of events"


def test_a_delivery_leads_to_the_contact_and_the_tag_in_the_account(staff: Client) -> None:
    delivery = failed_delivery()
    metadata = {"api_url": "https://acme.api-us1.com"}
    type(delivery.connection).objects.update(metadata=metadata)
    delivery.account.contacts.create(
        email=delivery.email, external_id="77", updated_at=timezone.now()
    )

    text = text_of(staff, page(delivery))

    assert 'href="https://acme.activehosted.com/app/contacts/77">see it in ActiveCampaign' in text
    assert 'href="https://acme.activehosted.com/app/contacts/?tagid=12"' in text
