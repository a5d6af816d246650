"""What a mapping in the editor would make of a recent event, as far as people may see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connections.models import CatalogEntry, Connection
from deliveries.models import Event, PayloadLook
from meshes.models import Membership
from tests.builders import make_catalog, make_event, make_rule, make_workspace

pytestmark = pytest.mark.django_db
SECRET = "canary-plan-value"
SEEN = ("view_event", "view_mappingversion")


@pytest.fixture
def connection() -> Connection:
    """A connection whose workspace got an event with a plan."""
    rule = make_rule()
    make_catalog(rule.connection.account)
    payload = {"email": " Alex@Example.com ", "user": {"plan": SECRET}, "seats": 3}
    make_event(workspace=rule.workspace, payload=payload, page_title="Connect your CRM")
    return rule.connection


def typed(*rows: tuple[str, str], **over: str) -> dict[str, str]:
    sent = {"expected": "1", "name": "Default mapping", "values": "show"}
    for number, (dest, source) in enumerate((("email", "email"), *rows)):
        sent |= {f"row-{number}-dest": dest, f"row-{number}-source": source}
    return sent | over


def preview(client: Any, connection: Connection, sent: dict[str, str], **asked: str) -> str:
    address = reverse("admin:deliveries_mapping_preview", args=[connection.pk])
    answer = client.post(address, sent, query_params={"part": "1", **asked})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def person(client: Any, *names: str, workspaces: Any = ()) -> None:
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    Membership.objects.create(user=user).workspaces.set(workspaces)
    client.force_login(user)


def test_each_row_shows_what_it_finds_and_what_the_field_gets(staff, connection):
    lower = {"row-0-step-0-kind": "trim", "row-0-step-1-kind": "lower"}

    shown = preview(staff, connection, typed(("7", "user.plan"), **lower))

    assert '<td data-label="The field gets">alex@example.com</td>' in shown
    assert f'<td data-label="In the event">{SECRET}</td>' in shown
    assert "A delivery of this event would fill 2 fields." in shown
    assert "page.completed, Connect your CRM" in shown


def test_a_step_that_fails_says_why_beside_its_row(staff, connection):
    number = {"row-1-step-0-kind": "to_number"}

    shown = preview(staff, connection, typed(("7", "user.plan"), **number))

    assert "The value for the field &quot;7&quot; is no number." in shown
    assert "A delivery of this event would fill 1 field." in shown


def test_a_row_that_stops_the_delivery_is_said(staff, connection):
    stop = {"row-1-step-0-kind": "to_number", "row-1-on_error": "fail_action"}

    shown = preview(staff, connection, typed(("7", "user.plan"), **stop))

    assert "A delivery of this event would stop." in shown


def test_an_email_that_is_none_is_said(staff, connection):
    shown = preview(staff, connection, typed(**{"row-0-source": "seats"}))

    assert "This is no email address, so the delivery would stop." in shown


def test_a_choice_that_the_field_does_not_offer_is_said(staff, connection):
    CatalogEntry.objects.filter(external_id="7").update(type="enum", options=["basic", "pro"])

    shown = preview(staff, connection, typed(("7", "user.plan")))

    assert "Plan accepts only: basic, pro." in shown


def test_a_faulty_row_is_marked_and_the_others_are_shown(staff, connection):
    shown = preview(staff, connection, typed(("7", "no such key")))

    assert "This mapping cannot be saved yet" in shown
    assert "Name the payload&#x27;s key" in shown
    assert "Alex@Example.com" in shown


def test_the_keys_of_the_event_are_offered(staff, connection):
    shown = preview(staff, connection, typed())

    for key in ("email", "user.plan", "seats"):
        assert f'<option value="{key}"></option>' in shown


def test_without_the_permission_only_kinds_of_values_are_shown(client, connection):
    person(client, *SEEN)

    shown = preview(client, connection, typed(("7", "user.plan"), ("phone", "seats")))

    assert '<td data-label="In the event">a text</td>' in shown
    assert '<td data-label="In the event">a number</td>' in shown
    assert SECRET not in shown
    assert "alex@example.com" not in shown.lower()


def test_seeing_values_is_logged_with_the_event_and_without_them(staff, connection, caplog):
    preview(staff, connection, typed(("7", "user.plan")))

    logged = caplog.text
    assert "payload_viewed" in logged
    assert str(Event.objects.get().uuid) in logged
    assert SECRET not in logged


def test_going_on_looking_at_one_event_is_one_look_until_ten_minutes_passed(
    staff, connection, clock
):
    for minutes in (0, 5, 4, 2):
        clock.shift(minutes * 60)
        preview(staff, connection, typed())

    assert PayloadLook.objects.count() == 2


def test_until_values_are_asked_for_their_kinds_are_shown_and_no_look_is_noted(staff, connection):
    sent = typed(("7", "user.plan"))
    del sent["values"]

    shown = preview(staff, connection, sent)

    assert "Only the kinds of values are shown, until you ask for the values." in shown
    assert '<td data-label="In the event">a text</td>' in shown
    assert '<option value="user.plan"></option>' in shown
    assert SECRET not in shown
    assert not PayloadLook.objects.exists()


def test_the_editor_says_that_a_look_at_the_values_is_logged(staff, connection):
    page = staff.get(reverse("admin:rules_mappingversion_edit", args=[connection.pk]))

    shown = page.content.decode()
    assert "each look at them is logged with your name" in shown
    assert 'name="values" value="show"' in shown


def test_without_the_permission_no_look_is_noted(client, connection):
    person(client, *SEEN)

    preview(client, connection, typed())

    assert not PayloadLook.objects.exists()


def test_the_event_can_be_chosen(staff, connection):
    older = Event.objects.get()
    make_event(workspace=connection.workspace, payload={"email": "new@example.com"})

    newest = preview(staff, connection, typed())
    chosen = preview(staff, connection, typed(event=str(older.uuid)))

    assert "new@example.com" in newest
    assert "Alex@Example.com" in chosen


def test_an_erased_event_is_not_offered(staff, connection):
    Event.objects.update(erased_at=timezone.now())

    assert "No event has arrived in this workspace yet." in preview(staff, connection, typed())


def test_without_a_script_a_page_of_its_own_keeps_what_was_typed(staff, connection):
    address = reverse("admin:deliveries_mapping_preview", args=[connection.pk])

    shown = staff.post(address, typed(("7", "user.plan"))).content.decode()

    assert '<input type="hidden" name="row-1-source" value="user.plan">' in shown
    assert SECRET in shown


@pytest.mark.parametrize("names", [("view_event",), ("view_mappingversion",)])
def test_both_permissions_are_needed(client, connection, names):
    person(client, *names)

    answer = client.post(reverse("admin:deliveries_mapping_preview", args=[connection.pk]), typed())

    assert answer.status_code == 403
    assert SECRET not in answer.content.decode()


def test_events_of_other_workspaces_are_not_found(client, connection):
    person(client, *SEEN, "view_payload", workspaces=[make_workspace()])

    answer = client.post(reverse("admin:deliveries_mapping_preview", args=[connection.pk]), typed())

    assert answer.status_code == 404


def test_a_preview_is_never_asked_for_by_a_link(staff, connection):
    answer = staff.get(reverse("admin:deliveries_mapping_preview", args=[connection.pk]))

    assert answer.status_code == 405


def test_a_preview_asks_a_bounded_number_of_questions(staff, connection):
    for _ in range(30):
        make_event(workspace=connection.workspace)

    with CaptureQueriesContext(database) as queries:
        preview(staff, connection, typed(("7", "user.plan"), ("phone", "phone")))

    assert len(queries) <= 15
