"""One pump drives an account at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections import leases
from tests.builders import make_account
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def test_a_second_owner_is_refused_and_changes_nothing():
    account = make_account()
    assert leases.acquire(account.pk, owner="first")
    account.refresh_from_db()
    until = account.lease_until

    assert not leases.acquire(account.pk, owner="second")

    account.refresh_from_db()
    assert (account.lease_owner, account.lease_until) == ("first", until)


def test_the_owner_renews_for_a_whole_lease():
    account = make_account(lease_owner="first", lease_until=timezone.now() + timedelta(seconds=1))

    assert leases.acquire(account.pk, owner="first")

    account.refresh_from_db()
    assert account.lease_until > timezone.now() + timedelta(seconds=12)


def test_a_lease_that_ran_out_is_anybodys():
    account = make_account(lease_owner="first", lease_until=timezone.now() - timedelta(seconds=1))

    assert leases.acquire(account.pk, owner="second")

    account.refresh_from_db()
    assert account.lease_owner == "second"


def test_a_released_account_is_free_at_once():
    account = make_account()
    leases.acquire(account.pk, owner="first")

    leases.release([account.pk], owner="first")

    account.refresh_from_db()
    assert (account.lease_owner, account.lease_until) == ("", None)
    assert leases.acquire(account.pk, owner="second")


def test_nobody_releases_what_another_one_drives():
    account = make_account()
    leases.acquire(account.pk, owner="first")

    leases.release([account.pk], owner="second")

    account.refresh_from_db()
    assert account.lease_owner == "first"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_the_account():
    account = make_account()
    owners = iter(f"pump-{number}" for number in range(8))

    taken = at_once(8, lambda: leases.acquire(account.pk, owner=next(owners)))

    assert sum(taken) == 1
