"""Credentials in doubt: asked for real, switched off, asked again every hour."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.activation import set_active
from connections.models import Connection
from connections.probing import probe, probe_inactive
from meshes.models import Workspace

pytestmark = pytest.mark.django_db

REFUSALS = ["forbidden_empty", "forbidden_json", "login_page", "payment_required", "unauthorized"]
SILENCES = ["server_error", "rate_limit", "reset", "cloudflare_502"]


def version_of(connection: Connection) -> int:
    return Workspace.objects.get(pk=connection.workspace_id).rules_version


def state_of(connection: Connection) -> tuple[bool, str]:
    row = Connection.objects.get(pk=connection.pk)
    return row.active, row.inactive_reason


@pytest.fixture
def refused(saved, sandbox):
    """A connection that is off since its key was refused a moment ago."""
    sandbox.faults.set("forbidden_empty")
    probe(saved, now=timezone.now())
    sandbox.faults.clear()
    return Connection.objects.get(pk=saved.pk)


def test_working_credentials_pass_and_change_nothing(saved):
    before = version_of(saved)

    assert probe(saved, now=timezone.now()) == "passed"

    assert state_of(saved) == (True, "")
    assert version_of(saved) == before


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_switches_the_connection_off_for_the_next_request(saved, sandbox, fault):
    before, now = version_of(saved), timezone.now()
    sandbox.faults.set(fault)

    assert probe(saved, now=now) == "refused"

    assert state_of(saved) == (False, "authentication_invalid")
    assert version_of(saved) == before + 1
    saved.account.refresh_from_db()
    assert (saved.account.probe_state, saved.account.probed_at) == ("refused", now)
    assert saved.account.next_probe_at == now + timedelta(hours=1)


@pytest.mark.parametrize("fault", SILENCES)
def test_no_answer_says_nothing_against_the_credentials(saved, sandbox, fault):
    before = version_of(saved)
    sandbox.faults.set(fault)

    assert probe(saved, now=timezone.now()) == "unsettled"

    assert state_of(saved) == (True, "")
    assert version_of(saved) == before
    saved.account.refresh_from_db()
    assert saved.account.next_probe_at is None


def test_a_paused_account_is_not_asked(saved, sandbox):
    saved.account.paused_until = timezone.now() + timedelta(minutes=1)
    saved.account.save()
    asked = len(sandbox.state.requests)

    assert probe(saved, now=timezone.now()) == "unsettled"

    assert len(sandbox.state.requests) == asked


def test_two_refusals_in_a_row_are_one_switch(refused, sandbox):
    before, edits = version_of(refused), refused.history.count()
    sandbox.faults.set("forbidden_empty")

    assert probe(refused, now=timezone.now()) == "refused"

    assert version_of(refused) == before
    assert refused.history.count() == edits


def test_a_key_that_a_person_saved_meanwhile_is_not_judged_by_the_old_one(saved, sandbox):
    Connection.objects.filter(pk=saved.pk).update(secret_fingerprint="another")
    sandbox.faults.set("forbidden_empty")

    assert probe(saved, now=timezone.now()) == "refused"

    assert state_of(saved) == (True, "")
    assert saved.active


def test_what_a_person_switched_off_keeps_that_reason(saved, sandbox):
    set_active(saved, False, by="ada", now=timezone.now())
    sandbox.faults.set("forbidden_empty")

    probe(saved, now=timezone.now())

    assert state_of(saved) == (False, "manually_inactivated")


def test_a_refused_connection_is_left_alone_for_an_hour(refused, sandbox):
    asked = len(sandbox.state.requests)

    assert probe_inactive(now=timezone.now() + timedelta(minutes=59)) == 0

    assert len(sandbox.state.requests) == asked
    assert state_of(refused) == (False, "authentication_invalid")


def test_after_an_hour_working_credentials_switch_it_on_again(refused):
    before = version_of(refused)

    assert probe_inactive(now=timezone.now() + timedelta(minutes=61)) == 1

    assert state_of(refused) == (True, "")
    assert version_of(refused) == before + 1


def test_after_an_hour_refused_credentials_are_asked_once_and_wait_again(refused, sandbox):
    sandbox.faults.set("forbidden_empty")
    asked, later = len(sandbox.state.requests), timezone.now() + timedelta(minutes=61)

    assert probe_inactive(now=later) == 0
    assert probe_inactive(now=later + timedelta(minutes=59)) == 0

    assert len(sandbox.state.requests) == asked + 1
    assert state_of(refused) == (False, "authentication_invalid")
    refused.account.refresh_from_db()
    assert refused.account.next_probe_at == later + timedelta(hours=1)


def test_what_a_person_switched_off_is_never_probed(saved, sandbox):
    set_active(saved, False, by="ada", now=timezone.now())
    saved.account.next_probe_at = timezone.now()
    saved.account.save()
    asked = len(sandbox.state.requests)

    assert probe_inactive(now=timezone.now() + timedelta(hours=2)) == 0

    assert len(sandbox.state.requests) == asked
    assert state_of(saved) == (False, "manually_inactivated")
