"""What people set on an account."""

from __future__ import annotations

import pytest

from connections.accounts import RateImpossible, set_rate
from connections.models import Account
from tests.builders import make_account

pytestmark = pytest.mark.django_db


def test_a_budget_is_stored_for_the_account():
    account = make_account()

    set_rate(account, requests_per_second=0.5)

    assert (account.requests_per_second, Account.objects.get().requests_per_second) == (0.5, 0.5)


@pytest.mark.parametrize("rate", [0.0, -1.0, 100.1, float("nan"), float("inf")])
def test_a_budget_that_pacing_cannot_keep_is_refused(rate):
    account = make_account(requests_per_second=5.0)

    with pytest.raises(RateImpossible, match="0.01 to 100"):
        set_rate(account, requests_per_second=rate)

    assert Account.objects.get().requests_per_second == 5.0
