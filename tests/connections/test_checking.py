"""Checks of stored connections: every way to fail becomes a sentence for people."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections import calling, checking
from connections.activation import is_verified, revive, set_active
from connections.checking import check_connection
from connections.models import Account, Connection
from connections.pace import pause
from connections.saving import save_connection
from connections.spacing import Spaced
from meshes.encryption import Sealed
from meshes.models import Workspace
from tests.conftest import SANDBOX_KEY

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(hours=1)


def check(connection: Connection) -> checking.CheckResult:
    return check_connection(connection, now=LATER)


def stored() -> Connection:
    return Connection.objects.select_related("account").get()


def point_to(connection: Connection, url: str) -> Connection:
    Connection.objects.filter(pk=connection.pk).update(metadata={"api_url": url})
    return stored()


def test_a_good_connection_is_described_and_remembered(saved):
    result = check(saved)

    assert result.ok
    assert (result.account_name, result.tags, result.lists) == ("127.0.0.1", 5, 3)
    assert stored().checked_at == LATER
    assert set(stored().last_check) == {
        "ok", "message", "account_name", "tags", "lists", "missing", "latency_ms", "verified",
    }  # fmt: skip


def test_a_check_makes_no_history_and_bumps_nothing(saved):
    before = Workspace.objects.get().rules_version

    check(saved)

    assert saved.history.count() == 1
    assert Workspace.objects.get().rules_version == before


def test_a_missing_permission_passes_and_is_named(saved, sandbox):
    sandbox.faults.set("permission_denied", what="lists", path="lists")

    result = check(saved)

    assert (result.ok, result.missing, result.lists) == (True, ("lists",), None)
    assert "may not read lists; give its user that permission" in result.message


def test_a_refusal_that_comes_once_is_not_believed(saved, sandbox):
    sandbox.faults.set("forbidden_empty", count=1)

    assert check(saved).ok


REFUSALS = [
    ("forbidden_empty", {}, "ActiveCampaign does not accept this key."),
    ("forbidden_json", {}, "ActiveCampaign does not accept this key."),
    ("login_page", {}, "127.0.0.1 answers with a page for people"),
    ("redirect", {}, "127.0.0.1 answers with a page for people"),
    ("payment_required", {}, "The ActiveCampaign account is unpaid"),
    ("unauthorized", {}, "ActiveCampaign does not accept this key. Copy it again."),
]


@pytest.mark.parametrize(("fault", "options", "words"), REFUSALS)
def test_a_refusal_is_certain_and_withdraws_the_view_on_the_account(
    saved, sandbox, fault, options, words
):
    sandbox.faults.set(fault, **options)

    result = check(saved)

    assert (result.ok, result.refused) == (False, True)
    assert result.message.startswith(words)
    assert not is_verified(stored())
    assert SANDBOX_KEY not in str(stored().last_check)


PASSING = [
    ("server_error", {}, "ActiveCampaign has a problem of its own."),
    ("rate_limit_503", {}, "ActiveCampaign is overloaded or in maintenance."),
    ("reset", {}, "127.0.0.1 broke the connection off"),
    ("huge", {}, "127.0.0.1 answers with far more data"),
    ("collection_not_found", {"path": "users/me"}, "127.0.0.1 answers, but not like"),
]


@pytest.mark.parametrize(("fault", "options", "words"), PASSING)
def test_trouble_of_a_known_account_passes_and_keeps_the_view_on_it(
    saved, sandbox, fault, options, words
):
    sandbox.faults.set(fault, **options)

    result = check(saved)

    assert (result.ok, result.refused) == (False, False)
    assert result.message.startswith(words)
    assert is_verified(stored())


def test_a_hanging_destination_is_given_up_in_time(saved, sandbox, monkeypatch):
    monkeypatch.setattr(checking, "CALL_DEADLINE_S", 0.3)
    sandbox.faults.set("hang", seconds=5.0)

    result = check(saved)

    assert result.message == "127.0.0.1 did not answer in time. Try again in a few minutes."
    assert result.refused is False


def test_calls_that_are_slow_one_by_one_end_together_in_time(saved, sandbox, monkeypatch):
    monkeypatch.setattr(checking, "CHECK_DEADLINE_S", 0.5)
    sandbox.configure(latency_s=0.3)

    result = check(saved)

    assert result.message == "127.0.0.1 did not answer in time. Try again in a few minutes."


def test_a_slot_that_is_far_away_is_not_waited_for(saved, sandbox):
    far = timezone.now().timestamp() + 3_600
    Account.objects.update(next_slot=far)
    before = len(sandbox.state.requests)

    result = check(saved)

    assert result.message.startswith("Meshes itself uses the whole budget of this account")
    assert (result.refused, is_verified(stored())) == (False, True)
    assert len(sandbox.state.requests) == before


def test_a_slow_answer_is_said(saved, sandbox, monkeypatch):
    monkeypatch.setattr(checking, "SLOW_MS", 50)
    sandbox.configure(latency_s=0.1)

    result = check(saved)

    assert result.message.endswith("The destination answers slowly at the moment.")
    assert result.latency_ms >= 100


def test_a_rate_limit_pauses_the_account_and_says_when_to_try_again(saved, sandbox):
    sandbox.faults.set("rate_limit", retry_after=7)

    result = check(saved)

    assert result.message.endswith("Try again in 7 seconds.")
    assert stored().account.pause_reason == "rate_limited"


def test_a_paused_account_is_not_called(saved, sandbox):
    pause(saved.account_id, seconds=60, reason="rate_limited")
    before = len(sandbox.state.requests)

    result = check(saved)

    assert result.message.startswith("ActiveCampaign asked for a pause until")
    assert len(sandbox.state.requests) == before


def test_a_port_that_nobody_listens_on_is_explained(saved):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    result = check(point_to(saved, url))

    assert result.message.startswith("127.0.0.1 does not accept connections.")


def test_a_name_that_nobody_has_is_a_wrong_address_unless_it_worked(saved):
    named = point_to(saved, "https://no-such-account.invalid")

    assert check(named).refused is False
    Connection.objects.update(last_check={})
    result = check(stored())

    assert result.refused is True
    assert result.message.startswith("No server has the name no-such-account.invalid.")


def test_a_server_without_a_certificate_is_a_wrong_address(saved, sandbox):
    Connection.objects.update(last_check={})
    url = sandbox.url.replace("http:", "https:")

    result = check(point_to(saved, url))

    assert result.refused is True
    assert "valid certificate" in result.message


def test_a_private_address_is_refused(saved, settings):
    settings.DESTINATIONS_ALLOW_PRIVATE = False

    result = check(saved)

    assert result.refused is True
    assert result.message.startswith("127.0.0.1 is a private or reserved address")


def test_a_key_that_cannot_be_opened_says_what_to_do(saved):
    Connection.objects.update(secrets=Sealed("lost"))

    result = check(stored())

    assert result.refused is True
    assert "CREDENTIAL_KEYS" in result.message


def test_a_result_for_other_credentials_is_not_kept(saved):
    Connection.objects.update(secret_fingerprint="another1")

    check(saved)

    assert stored().checked_at != LATER


def test_a_working_key_switches_on_what_was_off_for_its_key(saved):
    Connection.objects.update(active=False, inactive_reason="authentication_invalid")
    off = stored()

    check(off)

    assert (off.active, stored().active, stored().inactive_reason) == (True, True, "")
    assert stored().history.first().history_change_reason == "system"


def test_a_working_key_leaves_off_what_a_person_switched_off(saved):
    off = set_active(saved, False, by="ada", now=LATER)

    check(off)

    assert stored().active is False
    assert revive(off, by="system") is False


def test_the_first_calls_to_an_account_are_spaced_like_slots(settings):
    settings.THROTTLE_ACCOUNT_PER_SECOND = 5.0
    waits: list[float] = []
    take_turn = Spaced(sleep=waits.append)

    for _ in range(3):
        take_turn()

    assert [round(wait, 1) for wait in waits] == [0.2, 0.4]


def test_an_unsaved_connection_uses_a_session_without_an_account(draft, sandbox: Any):
    calling._sessions.clear()
    sandbox.faults.set("payment_required")

    with pytest.raises(Exception, match="unpaid"):
        save_connection(draft(), by="ada", now=LATER)

    assert [key[0] for key in calling._sessions] == [None]
