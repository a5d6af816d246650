"""The cards above a connection's form and the list's state: one place, and what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connections.models import Account, Connection, InactiveReason
from connections.pace import pause
from connections.usage import add, hour_of
from meshes import moments
from meshes.models import Membership
from tests.builders import make_connection, make_delivery, make_event, make_rule

pytestmark = pytest.mark.django_db
LIST = reverse("admin:connections_connection_changelist")
CEILING = 30


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def page(connection: Connection) -> str:
    return reverse("admin:connections_connection_change", args=[connection.pk])


def with_held(connection: Connection, count: int, **over: str) -> None:
    rule = make_rule(connection=connection)
    for _ in range(count):
        event = make_event(workspace=connection.workspace)
        make_delivery(event, rule, held_reason="connection_inactive", **over)


def person(client: Any, *names: str, **membership: Any) -> None:
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    if membership:
        Membership.objects.create(user=user).workspaces.set(membership["workspaces"])
    client.force_login(user)


def test_held_deliveries_stand_at_the_top_and_in_the_list_with_a_link(staff):
    connection = make_connection()
    with_held(connection, 2)
    link = f"/admin/deliveries/delivery/?connection={connection.pk}&amp;status=held"

    shown, listed = text(staff.get(page(connection))), text(staff.get(LIST))

    assert "<strong>2 deliveries wait</strong> for this connection" in shown
    assert f'<a class="text-link" href="{link}">show them</a>' in shown
    assert f'<a class="text-link" href="{link}">2 deliveries wait.</a>' in listed


def test_people_who_may_not_see_deliveries_get_the_number_alone(client):
    connection = make_connection()
    with_held(connection, 1)
    person(client, "view_connection")

    shown, listed = text(client.get(page(connection))), text(client.get(LIST))

    assert "<strong>1 delivery waits</strong> for this connection." in shown
    assert "1 delivery waits." in listed
    assert "status=held" not in shown + listed


def test_a_refused_key_says_why_what_to_do_and_when_it_is_tried_again(staff):
    connection = make_connection(
        active=False, inactive_reason=InactiveReason.AUTHENTICATION_INVALID
    )
    Account.objects.update(next_probe_at=timezone.now() + timedelta(minutes=30))

    shown = text(staff.get(page(connection)))

    assert f"<h1>{connection.name}: not accepted</h1>" in shown
    assert "Enter a working key; what waits is then sent by itself." in shown
    assert "Meshes tries the key again by itself at about" in shown


def test_a_key_in_doubt_is_said_for_a_while(staff):
    connection = make_connection()
    Account.objects.update(probe_state="unsettled", probed_at=timezone.now())
    assert "Probing: an answer cast doubt on the key" in text(staff.get(page(connection)))

    Account.objects.update(probed_at=timezone.now() - timedelta(minutes=16))
    assert "Probing" not in text(staff.get(page(connection)))


def test_a_pause_is_told_beside_another_state(staff):
    connection = make_connection(active=False, inactive_reason="manually_inactivated")
    pause(connection.account_id, seconds=60, reason="rate_limited")

    shown = text(staff.get(page(connection)))

    assert f"<h1>{connection.name}: off</h1>" in shown
    assert "the account asked for fewer requests." in shown


def test_the_last_test_tells_all_that_it_found(staff, saved):
    shown = text(staff.get(page(saved)))

    for label, value in (("Account name", "127.0.0.1"), ("Tags", "5"), ("Lists", "3")):
        assert f"<dt>{label}</dt><dd>{value}</dd>" in shown
    assert "<dt>Permissions missing</dt><dd>None of those that Meshes asks for</dd>" in shown
    assert "<dt>Answer time</dt>" in shown


def test_a_missing_permission_is_told_with_the_test(staff, saved, sandbox):
    sandbox.faults.set("permission_denied", what="lists", path="lists")

    answer = staff.post(
        reverse("admin:connections_connection_button", args=[saved.pk, "test"]), follow=True
    )

    shown = text(answer)
    assert "<dt>Lists</dt><dd>The key may not read them</dd>" in shown
    assert "<dt>Permissions missing</dt><dd>lists</dd>" in shown


def test_the_budget_shows_what_was_sent_today(staff):
    connection = make_connection()
    now = timezone.now()
    add(connection.account_id, hour_of(now), sent=1_234)

    shown = text(staff.get(page(connection)))

    assert "<strong>1,234</strong> sent by Meshes" in shown
    assert f"{moments.clock(hour_of(now))}: 1,234 sent, 0 refused" in shown


def test_an_account_that_did_not_accept_the_key_shows_nothing_of_its_budget(staff):
    add(make_connection().account_id, hour_of(timezone.now()), sent=1_234)

    shown = text(staff.get(page(make_connection(last_check={}))))

    assert "1,234" not in shown


def test_the_cards_and_the_list_ask_a_bounded_number_of_questions(staff):
    for _ in range(20):
        with_held(make_connection(), 1)

    with CaptureQueriesContext(database) as of_list:
        staff.get(LIST)
    with CaptureQueriesContext(database) as of_page:
        staff.get(page(Connection.objects.first()))

    assert (len(of_list) <= CEILING, len(of_page) <= CEILING) == (True, True)
