"""A trouble is opened once, told once by mail, and told once more when it is over."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from deliveries import alert_mail, alerts
from deliveries.models import Alert
from meshes.models import AlertContact
from rules.saving import release_rule, set_active
from tests.builders import make_connection, make_rule, make_workspace
from tests.deliveries.troubles import CONTACT, accepted, contact, failed, held, minutes, refused
from tests.threads import at_once

pytestmark = pytest.mark.django_db

CONNECTION_MAIL = """\
The connection “Acme AC” is off: the API key is not accepted. Its deliveries wait; none is lost.

Workspace: Production
Since: 2 Mar 2026 12:00 UTC

Who fixes it: Whoever looks after the connection fixes this on the connection's page.
Next step: Enter a working key or switch the connection on; what waits then goes out by itself.

http://localhost:8000/admin/connections/connection/{id}/change/

You get this mail as an alert contact of the workspace “Production”.
"""
RULE_MAIL = """\
The rule “CRM connected” is on hold: the tag of the rule no longer exists in ActiveCampaign. \
Its deliveries wait; none is lost.

Workspace: Production
Since: 2 Mar 2026 12:00 UTC

Who fixes it: Whoever looks after the rule fixes this on the rule's page.
Next step: Choose another tag or create it again under the same name; then what waits goes out.

http://localhost:8000/admin/rules/rule/{id}/change/

You get this mail as an alert contact of the workspace “Production”.
"""
AGAIN_MAIL = """\
The connection “Acme AC” works again. What waited for it goes out by itself; nobody has to do \
anything.

Workspace: Production

http://localhost:8000/admin/connections/connection/{id}/change/

You get this mail as an alert contact of the workspace “Production”.
"""


class Broken(EmailBackend):
    """A mail server that takes nothing and says whom it refused."""

    def send_messages(self, messages):
        raise SMTPRecipientsRefused(dict.fromkeys(messages[0].to, (550, b"no such user")))


@pytest.fixture
def workspace():
    workspace = make_workspace(name="Production")
    contact(workspace)
    return workspace


@pytest.fixture
def connection(workspace):
    return refused(make_connection(workspace=workspace, name="Acme AC"))


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def test_a_refused_key_is_told_in_one_mail_for_many_minutes(connection, clock) -> None:
    contact(connection.workspace, "lead@example.com")

    minutes(90)

    (message,) = mail.outbox
    assert (
        message.subject == "[Meshes] The connection “Acme AC” is off: the API key is not accepted"
    )
    assert message.body == CONNECTION_MAIL.format(id=connection.pk)
    assert message.to == ["lead@example.com", CONTACT]
    assert message.from_email == "meshes@localhost"
    alert = Alert.objects.get()
    assert (alert.kind, alert.key, alert.reason) == (
        "connection_inactive",
        str(connection.pk),
        "authentication_invalid",
    )
    assert (alert.mailed_at, alert.mail_after, alert.resolved_at) == (alert.raised_at, None, None)


def test_a_held_rule_is_told_once(workspace, clock) -> None:
    rule = held(connection=make_connection(workspace=workspace), name="CRM connected")

    minutes(5)

    (message,) = mail.outbox
    assert message.subject == (
        "[Meshes] The rule “CRM connected” is on hold: "
        "the tag of the rule no longer exists in ActiveCampaign"
    )
    assert message.body == RULE_MAIL.format(id=rule.pk)


def test_what_works_again_is_told_once_and_closed(connection, clock) -> None:
    later = minutes(2)
    accepted(connection)

    minutes(60, start=later)

    assert len(mail.outbox) == 2
    assert mail.outbox[1].subject == "[Meshes] The connection “Acme AC” works again"
    assert mail.outbox[1].body == AGAIN_MAIL.format(id=connection.pk)
    alert = Alert.objects.get()
    assert (alert.resolved_at, alert.mail_after) == (later, None)


def test_a_rule_that_works_again_is_told(workspace) -> None:
    rule = held(connection=make_connection(workspace=workspace), name="CRM connected")
    later = minutes(1)
    release_rule(rule, by="rosa", now=timezone.now())

    minutes(2, start=later)

    assert subjects()[1:] == ["[Meshes] The rule “CRM connected” works again"]


def test_a_second_time_is_another_alert(connection) -> None:
    later = minutes(1)
    accepted(connection)
    later = minutes(1, start=later)
    refused(connection)
    minutes(3, start=later)

    assert len(mail.outbox) == 3
    assert Alert.objects.filter(resolved_at__isnull=True).count() == 1
    assert Alert.objects.count() == 2


def test_nobody_hears_of_what_a_person_switched_off(connection, workspace) -> None:
    connection.inactive_reason = "manually_inactivated"
    connection.save()
    rule = held(connection=make_connection(workspace=workspace))
    set_active(rule, active=False, by="rosa", now=timezone.now())

    minutes(2)

    assert (mail.outbox, Alert.objects.count()) == ([], 0)


def test_what_a_person_switches_off_is_closed_without_a_mail(connection) -> None:
    later = minutes(1)
    connection.inactive_reason = "manually_inactivated"
    connection.save()

    minutes(2, start=later)

    assert len(mail.outbox) == 1
    assert Alert.objects.get().resolved_at is not None


def test_a_deleted_workspace_needs_nobody(connection, workspace) -> None:
    workspace.deleted_at = timezone.now()
    workspace.save()

    minutes(2)

    assert (mail.outbox, Alert.objects.count()) == ([], 0)


def test_without_contacts_the_alert_waits_for_one(connection) -> None:
    AlertContact.objects.update(deleted_at=timezone.now())
    later = minutes(2)
    assert (mail.outbox, Alert.objects.get().mail_error) == ([], "no_alert_contact")
    contact(connection.workspace, "late@example.com")

    minutes(10, start=later)

    assert [message.to for message in mail.outbox] == [["late@example.com"]]
    assert Alert.objects.get().mail_error == ""


def test_a_mail_that_fails_is_sent_later_and_later(connection, settings, caplog) -> None:
    settings.EMAIL_BACKEND = "tests.deliveries.test_alerts.Broken"
    caplog.set_level(logging.INFO)
    start = timezone.now()
    waits = []
    for minute in range(240):
        alerts.look(start + timedelta(minutes=minute))
        waits.append(Alert.objects.get().mail_after - start)

    assert sorted({round(wait.total_seconds() / 60) for wait in waits}) == [
        5, 10, 20, 40, 80, 140, 200, 260,
    ]  # fmt: skip
    alert = Alert.objects.get()
    assert (alert.mail_error, alert.mailed_at) == ("SMTPRecipientsRefused", None)
    assert CONTACT not in caplog.text
    assert "SMTPRecipientsRefused" in caplog.text


def test_a_mail_server_that_comes_back_gets_the_mail(connection, settings) -> None:
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.deliveries.test_alerts.Broken"
    later = minutes(2)
    settings.EMAIL_BACKEND = backend

    minutes(10, start=later)

    assert len(mail.outbox) == 1
    assert (Alert.objects.get().mail_error, Alert.objects.get().mail_after) == ("", None)


def test_a_trouble_that_nobody_was_told_of_ends_in_silence(connection, settings) -> None:
    settings.EMAIL_BACKEND = "tests.deliveries.test_alerts.Broken"
    later = minutes(1)
    accepted(connection)
    minutes(20, start=later)

    assert Alert.objects.get().mail_after is None


def test_of_two_that_read_the_same_alert_one_sends(connection) -> None:
    now = timezone.now()
    alerts._open(
        alerts._new(Alert.Kind.CONNECTION_INACTIVE, alerts._refused(), "connection"), now=now
    )
    read_twice = [Alert.objects.get(), Alert.objects.get()]

    assert [alert_mail._claimed(alert, now=now) for alert in read_twice] == [True, False]


def test_of_two_that_open_the_same_alert_one_row_stays(connection) -> None:
    now = timezone.now()
    seen = [
        alerts._new(Alert.Kind.CONNECTION_INACTIVE, alerts._refused(), "connection")
        for _ in range(2)
    ]

    for alerts_seen in seen:
        alerts._open(alerts_seen, now=now)

    assert [len(each) for each in seen] == [1, 1]
    assert Alert.objects.count() == 1


def test_a_name_of_several_lines_makes_no_header(workspace) -> None:
    refused(make_connection(workspace=workspace, name="Acme\nBcc: x@y.io"))

    minutes(1)

    assert "\n" not in mail.outbox[0].subject
    assert mail.outbox[0].message()["Bcc"] is None


@pytest.mark.django_db(transaction=True)
def test_of_many_that_look_at_once_one_tells(workspace) -> None:
    refused(make_connection(workspace=workspace, name="Acme AC"))
    rule = held(connection=make_connection(workspace=workspace), name="CRM connected")
    failed(make_rule(connection=rule.connection, sequence_step="8"), 3)

    at_once(4, lambda: alerts.look(timezone.now()))
    at_once(4, lambda: alerts.look(timezone.now()))

    assert Alert.objects.count() == 3
    assert len(subjects()) == len(set(subjects())) == 3
