"""Each error family has one outcome and one consequence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connections.destinations import errors
from connections.pace import Paused
from deliveries.models import Outcome
from deliveries.outcomes import MappingFailed, Next, judge
from meshes.encryption import CannotOpen

ROWS = [
    (errors.Unreachable("dns_failed", "m"), Outcome.NETWORK_ERROR, Next.RETRY),
    (errors.TimedOut("timeout", "m", sent=True), Outcome.TIMEOUT, Next.RETRY),
    (errors.RemoteFault("server_error", "m"), Outcome.REJECTED_SERVER_ERROR, Next.RETRY),
    (errors.RateLimited("rate_limited", "m", retry_after_s=7), Outcome.RATE_LIMITED, Next.WAIT),
    (errors.Unauthorized("forbidden", "m", certain=False), Outcome.AUTH_FAILED, Next.PROBE),
    (errors.Rejected("email_invalid", "m"), Outcome.REJECTED_CLIENT_ERROR, Next.GIVE_UP),
    (errors.Misconfigured("tag_not_found", "m"), Outcome.REJECTED_CLIENT_ERROR, Next.HOLD),
    (errors.Misconfigured("permission_denied", "m"), Outcome.AUTH_FAILED, Next.GIVE_UP),
    (errors.Stale("contact_gone", "m", what="contact"), "rejected_client_error", Next.GIVE_UP),
    (MappingFailed("mapping_failed", "m"), Outcome.MAPPING_ERROR, Next.GIVE_UP),
    (CannotOpen("m"), Outcome.AUTH_FAILED, Next.RETRY),
    (ZeroDivisionError("secret text"), Outcome.INTERNAL_ERROR, Next.RETRY),
]


@pytest.mark.parametrize(("error", "outcome", "step"), ROWS, ids=lambda value: str(value)[:24])
def test_an_error_becomes_one_outcome_and_one_consequence(error, outcome, step):
    verdict = judge(error)

    assert (verdict.outcome, verdict.next) == (outcome, step)


def test_a_destinations_reason_sentence_and_wish_are_kept():
    verdict = judge(errors.RemoteFault("server_error", "It broke.", retry_after_s=60))

    assert (verdict.reason, verdict.message) == ("server_error", "It broke.")
    assert verdict.retry_after_s == 60


def test_a_pause_costs_no_try():
    verdict = judge(Paused(datetime(2026, 3, 2, tzinfo=UTC), "rate_limited"))

    assert (verdict.outcome, verdict.reason) == (Outcome.RATE_LIMITED, "account_paused")
    assert verdict.next is Next.WAIT


def test_the_text_of_our_own_faults_never_reaches_people():
    assert "secret text" not in judge(ZeroDivisionError("secret text")).message
