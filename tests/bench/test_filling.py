from __future__ import annotations

import pytest
from django.utils import timezone

from deliveries.claiming import due_accounts
from deliveries.models import UNFINISHED, Delivery, Event, Status
from rules.models import Rule
from tests.bench.filling import fill, settle, wake_up
from tests.builders import make_account, make_connection, make_event, make_rule, make_workspace

pytestmark = pytest.mark.django_db


def rules_of(accounts: int) -> list[Rule]:
    workspace = make_workspace()
    made = []
    for number in range(accounts):
        own = make_connection(workspace=workspace, account=make_account(key=f"account-{number}"))
        made.append(make_rule(connection=own))
    return made


def test_two_in_a_hundred_deliveries_are_unfinished_and_half_of_them_due() -> None:
    rules = rules_of(accounts=2)

    fill(rules[0], first=1, last=1000)
    wake_up()

    assert Event.objects.count() == 1000
    assert Delivery.objects.count() == 2000
    assert Delivery.objects.filter(UNFINISHED).count() == 40
    assert Delivery.objects.due(timezone.now()).count() == 20
    assert Delivery.objects.filter(status=Status.COMPLETED, applied_id=None).count() == 0
    assert len(due_accounts("somebody")) == 2


def test_all_deliveries_can_be_settled_again() -> None:
    rules = rules_of(accounts=1)
    fill(rules[0], first=1, last=200)
    wake_up()

    settle()

    assert Delivery.objects.filter(status=Status.COMPLETED, priority=0).count() == 200
    assert Delivery.objects.count() == 200
    assert due_accounts("somebody") == []


def test_events_can_be_added_after_filling() -> None:
    rules = rules_of(accounts=1)

    fill(rules[0], first=1, last=10)

    assert make_event(workspace=rules[0].workspace).pk == 11
