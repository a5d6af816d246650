"""Refused and doubtful credentials: one probe, then held, released by working ones."""

from __future__ import annotations

import json

import pytest

from connections.activation import revive
from connections.models import Connection
from deliveries import recovery
from deliveries.claiming import claim
from meshes.encryption import fingerprint, seal
from meshes.models import Workspace
from tests.conftest import SANDBOX_KEY
from tests.deliveries.scenes import EMAIL, calls, connect, due, hurry, send_all, send_one, tag_rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def refused(sandbox):
    """A rule whose connection holds a key that the account does not accept."""
    return tag_rule(sandbox, connection=connect(sandbox, api_key="wrong-key"))


def save_working_key(connection: Connection) -> None:
    sealed, mark = seal(json.dumps({"api_key": SANDBOX_KEY})), fingerprint(SANDBOX_KEY)
    Connection.objects.filter(pk=connection.pk).update(secrets=sealed, secret_fingerprint=mark)
    assert revive(connection, by="ada")


def test_a_refused_key_is_probed_once_and_the_connection_goes_off(sandbox, refused):
    version = refused.workspace.rules_version

    send_one(due(refused))

    assert calls(sandbox) == ["POST contact/sync", "GET users/me"]
    connection = Connection.objects.get(pk=refused.connection_id)
    assert (connection.active, connection.inactive_reason) == (False, "authentication_invalid")
    assert Workspace.objects.get(pk=refused.workspace_id).rules_version > version


def test_all_that_waits_for_a_refused_key_is_held_at_no_cost(sandbox, refused):
    first, second = due(refused), due(refused, "second@x.io")

    send_one(first)

    second.refresh_from_db()
    assert (first.status, first.held_reason) == ("retrying", "connection_inactive")
    assert (second.status, second.held_reason) == ("pending", "connection_inactive")
    assert (first.tries, first.retry_until) == (0, None)
    attempt = first.attempts.get()
    assert (attempt.outcome, attempt.counted) == ("auth_failed", False)
    assert claim(first.account_id) is None


def test_a_working_key_releases_and_delivers_in_order(sandbox, refused):
    deliveries = [due(refused, f"{number}@x.io") for number in range(3)]
    send_one(deliveries[0])
    assert recovery.release_held() == 0

    save_working_key(refused.connection)

    assert recovery.release_held() == 3
    order = [claim(deliveries[0].account_id).delivery_id for _ in deliveries]
    assert order == [delivery.pk for delivery in deliveries]


def test_released_deliveries_end_as_if_nothing_had_happened(sandbox, refused):
    delivery = send_one(due(refused))
    save_working_key(refused.connection)
    recovery.release_held()

    send_all(delivery)

    assert (delivery.status, delivery.held_reason, delivery.tries) == ("completed", "", 0)
    assert delivery.held_at is None
    assert sandbox.state.tags_of(EMAIL) == ["step-3-complete"]
    assert [a.outcome for a in delivery.attempts.order_by("id")] == ["auth_failed", "delivered"]


def test_a_doubtful_answer_with_a_good_key_is_tried_three_times_more(sandbox):
    sandbox.faults.set("forbidden_empty", path="contact/sync")
    delivery = send_one(due(tag_rule(sandbox)))
    for tries in (1, 2, 3):
        assert (delivery.status, delivery.tries) == ("retrying", tries)
        send_one(hurry(delivery))

    assert (delivery.status, delivery.last_outcome) == ("failed", "auth_failed")
    assert (delivery.reason, delivery.attempt_count) == ("forbidden", 4)
    assert Connection.objects.get(pk=delivery.connection_id).active
    assert calls(sandbox) == ["POST contact/sync", "GET users/me"] * 4


def test_a_doubtful_answer_that_goes_away_costs_one_try(sandbox):
    sandbox.faults.set("login_page", path="contact/sync", count=1)
    delivery = send_one(due(tag_rule(sandbox)))

    send_one(hurry(delivery))

    assert (delivery.status, delivery.tries, delivery.attempt_count) == ("completed", 1, 2)


def test_doubt_that_a_silent_account_cannot_settle_is_an_ordinary_retry(sandbox):
    sandbox.faults.set("forbidden_empty", path="contact/sync", count=1)
    sandbox.faults.set("server_error", path="users/me")

    delivery = send_one(due(tag_rule(sandbox)))

    assert (delivery.status, delivery.held_reason, delivery.tries) == ("retrying", "", 1)
    assert Connection.objects.get(pk=delivery.connection_id).active


def test_earlier_failures_of_another_kind_leave_the_doubtful_answer_its_three_retries(sandbox):
    sandbox.faults.set("server_error", count=4)
    delivery = due(tag_rule(sandbox))
    for _ in range(4):
        send_one(hurry(delivery))
    sandbox.faults.set("login_page", count=1, path="contact/sync")

    send_one(hurry(delivery))

    assert (delivery.status, delivery.last_outcome, delivery.tries) == (
        "retrying",
        "auth_failed",
        5,
    )
