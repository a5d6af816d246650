"""What is asked all the time reads only the rows of its concern, by the right index."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deliveries import claiming, recovery, superseding
from deliveries.models import Attempt, Delivery, Event
from rules.models import Rule
from tests.builders import make_rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db):
    return make_rule()


def soon(seconds: float):
    return timezone.now() + timedelta(seconds=seconds)


def fill(rule: Rule, number: int, **over: object) -> None:
    """So many deliveries for as many people."""
    given = {"workspace": rule.workspace, "event_name": "page.completed", "rule": rule}
    given |= {"rule_version": rule.current, "connection": rule.connection, "action": "add_tag"}
    given |= {"account": rule.connection.account, "target_kind": "tag", "target_id": "12"}
    event = {"workspace": rule.workspace, "event": "page.completed", "payload": {}}
    event |= {"rules_version": 1, "created_by": "tests"}
    events = Event.objects.bulk_create(Event(**event) for _ in range(number))
    Delivery.objects.bulk_create(
        Delivery(event=row, email=f"{row.pk}@x.io", **{**given, **over}) for row in events
    )


def plan_of(sql: str, parameters: object) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE deliveries_delivery, rules_rule, connections_connection")
        explain = {"postgresql": "EXPLAIN ", "sqlite": "EXPLAIN QUERY PLAN "}[connection.vendor]
        cursor.execute(explain + sql, parameters)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.fixture
def crowded(rule):
    """A table where little waits, among much that has ended or is not due yet.

    Why: what earlier tests took back still fills pages and sways PostgreSQL's plans.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE deliveries_event CASCADE")
    fill(rule, 2500, status="completed")
    fill(rule, 50, status="retrying", priority=1, next_attempt_at=soon(3600))
    fill(rule, 20)
    return rule


@pytest.mark.parametrize("only", ["", "AND d.priority = 1"], ids=["any", "one-class"])
def test_finding_the_next_delivery_reads_only_what_waits(crowded, only):
    lock = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    now = claiming.as_parameter(timezone.now())
    parameters = {"account": crowded.connection.account_id, "now": now, "until": now}

    claim_sql = claiming.CLAIM_SQL.format(lock=lock, only=only, until="%(until)s")

    plan = plan_of(claim_sql, {**parameters, "token": uuid4().hex})

    assert "delivery_due" in plan
    assert "delivery_lane" in plan
    assert "delivery_one_in_flight_per_lane" in plan
    assert not {"Seq Scan on deliveries_delivery", "SCAN d", "SCAN b"} & set(plan.split("\n"))


def test_finding_accounts_with_work_reads_only_what_waits(crowded):
    now = claiming.as_parameter(timezone.now())

    plan = plan_of(claiming.DUE_ACCOUNTS_SQL, {"now": now, "owner": "me"})

    assert "delivery_due" in plan
    assert "Seq Scan on deliveries_delivery" not in plan


def test_finding_accounts_goes_from_one_with_work_to_the_next(crowded):
    plan = plan_of(
        claiming.DUE_ACCOUNTS_SQL, {"now": claiming.as_parameter(soon(0)), "owner": "me"}
    )

    assert "recursive" in plan.lower()
    # PostgreSQL does not show what finds each next account.
    assert plan.count("delivery_due") + plan.count("delivery_lane") >= 2
    assert "Seq Scan on deliveries_delivery" not in plan


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (recovery.ABANDONED_SQL, ("delivery_leases", "delivery_one_in_flight_per_lane")),
        (recovery.READY_SQL, ("delivery_held",)),
        (recovery.RULE_DELETED_SQL, ("delivery_lane", "delivery_due")),
    ],
    ids=["abandoned", "ready", "rule_deleted"],
)
def test_looking_after_deliveries_reads_only_those_of_its_concern(crowded, sql, index):
    parameters = [claiming.as_parameter(timezone.now())] if "%s" in sql else None

    plan = plan_of(sql, parameters)

    assert any(name in plan for name in index)
    assert "Seq Scan on deliveries_delivery" not in plan


def test_asking_what_was_decided_later_reads_only_one_persons_rows(crowded):
    deliveries = list(Delivery.objects.order_by("pk"))
    now = timezone.now()
    given = {"number": 1, "trigger": "live", "outcome": "delivered", "started_at": now}
    given |= {"rule_version": crowded.current, "connection": crowded.connection}
    given |= {"target_id": "12", "completed_at": now, "lease_token": uuid4()}
    Attempt.objects.bulk_create(Attempt(delivery=row, **given) for row in deliveries)
    one = Delivery.objects.select_related("connection").get(pk=deliveries[7].pk)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE deliveries_attempt")

    with CaptureQueriesContext(connection) as asked:
        assert not superseding._decided_later(one, one.target_id)

    plans = [plan_of(query["sql"], None) for query in asked]
    assert ["delivery_applied" in plans[1], "delivery_by_email" in plans[2]] == [True, True]
    for plan in plans:
        assert not re.search(r"Seq Scan on deliveries_|SCAN (deliveries_|U0)", plan), plan
