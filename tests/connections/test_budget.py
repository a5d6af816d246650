"""The use of a budget in figures and in words, by the viewer's day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.budget import Budget, budget_of
from connections.models import Account
from connections.usage import add
from tests.builders import make_account
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat(NOON)


def shown(account: Account) -> Budget:
    account.refresh_from_db()
    return budget_of(account, now=timezone.now(), name="ActiveCampaign")


def filled(*hours_ago: int, **amounts: Any) -> Account:
    account = make_account(requests_per_second=5.0)
    for hours in hours_ago:
        add(account.pk, NOW - timedelta(hours=hours), **amounts)
    return account


def test_today_counts_from_midnight_and_with_what_is_not_noted_yet(clock):
    account = filled(0, 3, 13, sent=100)
    Account.objects.update(slots_taken=7, slots_noted=2)

    budget = shown(account)

    assert budget.sent == 205
    assert budget.share == pytest.approx(100 * 205 / (5 * 12 * 3_600))


def test_the_day_is_the_viewers(clock):
    account = filled(13, sent=10)

    with timezone.override("America/New_York"):
        assert (shown(account).sent, shown(account).hours[-1].name) == (0, "07:00 EST (-05:00)")
    with timezone.override("Asia/Tokyo"):
        assert shown(account).sent == 10
    with timezone.override("Pacific/Kiritimati"):
        assert shown(account).sent == 0


def test_the_last_24_hours_end_with_the_present_one(clock):
    account = filled(0, 23, 24, sent=1)

    hours = shown(account).hours

    assert (len(hours), hours[0].name, hours[-1].name) == (24, "13:00 UTC", "12:00 UTC")
    assert [hour.sent for hour in hours] == [1, *[0] * 22, 1]


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        ({"sent": 5}, "No sign of other tools: ActiveCampaign refused no request for its pace."),
        ({"asked": 40}, "No other tool was seen in 40 answers that told what was left."),
        (
            {"asked": 40, "others": 60.0},
            "Other tools took about 1.5 requests a second while Meshes was calling.",
        ),
    ],
)
def test_what_other_tools_took_is_said_in_words(clock, amounts, words):
    assert shown(filled(1, **amounts)).others == words


def test_a_refusal_says_that_others_used_the_rest_and_what_to_do(clock):
    budget = shown(filled(1, 2, refused=1, paused_s=15.0))

    assert (budget.refused, budget.paused_s) == (2, 30)
    assert budget.others == (
        "ActiveCampaign asked 2 times to slow down. Meshes keeps below its own budget, so other "
        "tools used the rest: find out which, or lower the budget below."
    )
