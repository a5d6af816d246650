"""Repeated failures make one mail per workspace and hour, and never name a person."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection as database
from django.utils import timezone

from deliveries import alerts, failure_digests
from deliveries.claiming import as_parameter, as_uuid
from deliveries.models import Alert
from tests.builders import make_connection, make_rule, make_workspace
from tests.deliveries.troubles import CANARY, contact, failed, minutes

pytestmark = pytest.mark.django_db

DIGEST = """\
5 deliveries failed in the workspace “Production”. Meshes has stopped trying them.

Rule “CRM connected”, connection “Acme AC”:
- 4: ActiveCampaign refused this request. Whoever manages the ActiveCampaign account fixes this \
in ActiveCampaign.
- 1: The email address is not a valid one. The product team fixes this in the product that sends \
the event.
http://localhost:8000/admin/deliveries/delivery/?status=failed&rule={rule}&connection={line}

Next step: open the list of a rule; each delivery there says what to do.

All failed deliveries: http://localhost:8000/admin/deliveries/delivery/?status=failed&workspace={ws}

The next mail of this kind comes in an hour at the earliest. You get this mail as an alert contact \
of the workspace “Production”.
"""


@pytest.fixture
def rule():
    workspace = make_workspace(name="Production")
    contact(workspace)
    line = make_connection(workspace=workspace, name="Acme AC")
    return make_rule(connection=line, name="CRM connected")


def test_repeated_failures_make_one_digest(rule, clock, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    failed(rule, 4)
    failed(rule, 1, reason="email_invalid")

    minutes(50)

    (message,) = mail.outbox
    assert message.subject == "[Meshes] 5 deliveries failed in the workspace “Production”"
    assert message.body == DIGEST.format(
        rule=rule.pk, line=rule.connection_id, ws=rule.workspace_id
    )
    assert CANARY not in message.body + message.subject + caplog.text
    alert = Alert.objects.get()
    assert (alert.rule_id, alert.counts) == (rule.pk, {"request_refused": 4, "email_invalid": 1})
    assert (alert.mailed_at, alert.mail_after) == (alert.raised_at, None)


def test_two_failures_tell_nobody(rule) -> None:
    failed(rule, 2)

    minutes(3)

    assert (mail.outbox, Alert.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    "over",
    [
        {"reason": "contact_unsubscribed"},
        {"reason": "contact_bounced"},
        {"is_test": True},
        {"completed_at": timezone.now() - timedelta(hours=2)},
        {"status": "canceled"},
        {"status": "completed"},
    ],
    ids=["unsubscribed", "bounced", "test", "old", "canceled", "completed"],
)
def test_what_nobody_must_repair_does_not_count(rule, over) -> None:
    failed(rule, 2)
    failed(rule, 5, **over)

    minutes(2)

    assert (mail.outbox, Alert.objects.count()) == ([], 0)


def test_three_rules_that_fail_once_over_one_connection_count(rule) -> None:
    others = [make_rule(connection=rule.connection, sequence_step=str(n)) for n in range(2)]
    for each in (rule, *others):
        failed(each, 1)

    minutes(2)

    (message,) = mail.outbox
    assert message.subject == "[Meshes] 3 deliveries failed in the workspace “Production”"
    assert Alert.objects.count() == 3


def test_several_rules_are_one_mail_with_the_worst_first(rule) -> None:
    other = make_rule(
        connection=make_connection(workspace=rule.workspace), name="Worst", sequence_step="9"
    )
    failed(rule, 3)
    failed(other, 4)

    minutes(2)

    (message,) = mail.outbox
    assert message.body.index("Rule “Worst”") < message.body.index("Rule “CRM connected”")


def test_the_next_digest_comes_after_an_hour_with_what_is_new(rule) -> None:
    failed(rule, 3)
    start = timezone.now()
    alerts.look(start)
    failed(rule, 7, completed_at=start + timedelta(minutes=1))
    minutes(58, start=start + timedelta(minutes=2))
    assert len(mail.outbox) == 1

    alerts.look(start + timedelta(minutes=60))
    alerts.look(start + timedelta(minutes=61))

    assert [message.subject for message in mail.outbox] == [
        "[Meshes] 3 deliveries failed in the workspace “Production”",
        "[Meshes] 7 deliveries failed in the workspace “Production”",
    ]
    assert list(Alert.objects.order_by("id").values_list("resolved_at", flat=True)) == [
        start + timedelta(minutes=60),
        None,
    ]


def test_each_workspace_has_a_digest_of_its_own(rule) -> None:
    other = make_rule(workspace=make_workspace(name="Staging"))
    contact(other.workspace, "staging@example.com")
    failed(rule, 3)
    failed(other, 3)

    minutes(2)

    told = {(message.to[0], message.subject) for message in mail.outbox}
    assert told == {
        ("ops@example.com", "[Meshes] 3 deliveries failed in the workspace “Production”"),
        ("staging@example.com", "[Meshes] 3 deliveries failed in the workspace “Staging”"),
    }


def test_a_digest_is_over_after_a_day(rule) -> None:
    failed(rule, 3)
    start = timezone.now()
    alerts.look(start)

    alerts.look(start + timedelta(hours=25))

    assert Alert.objects.get().resolved_at == start + timedelta(hours=25)
    assert len(mail.outbox) == 1


def test_of_two_that_count_at_once_one_opens_the_digest(rule) -> None:
    failed(rule, 3)
    now = timezone.now()
    seen = failure_digests._window(rule.workspace_id, now=now)
    failing = {(rule.pk, rule.connection_id): {"request_refused": 3}}

    stored = [
        failure_digests._store(rule.workspace_id, failing, window=seen, now=now) for _ in range(2)
    ]

    assert (stored, Alert.objects.count()) == ([True, False], 1)


@pytest.mark.sqlite
def test_the_count_reads_an_index_of_what_is_not_completed(rule) -> None:
    now = as_parameter(timezone.now())
    asked = [as_uuid(rule.workspace_id), now, now, *failure_digests.CONSENT]
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {failure_digests.FAILED_SQL}", asked)
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())

    assert "delivery_not_completed" in plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan
