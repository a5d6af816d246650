"""One attempt from claim to record; no transaction is open while a socket is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from connections import destinations
from connections.calling import open_line
from connections.destinations.base import Done, Hooks, KnownContact
from connections.pace import Paused, pause
from connections.probing import probe
from connections.timeouts import note_answer, note_timeout
from deliveries import holding, latency, recording, recovery, trial_looks
from deliveries.claiming import Claim, ClaimLost, renew
from deliveries.giving_back import give_back
from deliveries.jobs import job_for, values_to_hide
from deliveries.loading import Loaded, load
from deliveries.models import Delivery, Outcome
from deliveries.outcomes import Next, OutOfTurn, Verdict, judge
from deliveries.recording import Running
from deliveries.superseding import SUPERSEDED, is_out_of_turn, is_superseded
from deliveries.turns import Turn
from meshes import tracing

log = structlog.get_logger(__name__)

ITS_SIDE = (Outcome.REJECTED_SERVER_ERROR, Outcome.TIMEOUT, Outcome.NETWORK_ERROR)
"""Outcomes after which an account gets one sender only, until it works again."""


def send(claim: Claim) -> int:
    """Make one attempt at a claimed delivery and record what became of it.

    Shape: how many slots of the account that took.
    """
    loaded = load(claim)
    delivery = loaded.delivery
    ids = ids_of(delivery)
    with bound_contextvars(**ids), tracing.span("meshes.attempt", **ids):
        return _send(claim, loaded)


def _send(claim: Claim, loaded: Loaded) -> int:
    delivery = loaded.delivery
    if _stopped_before_start(claim, loaded):
        return 0
    turn = Turn(claim, delivery.account_id)
    try:
        begins_at = timezone.now() + timedelta(seconds=turn.prepare())
        running = recording.open_attempt(claim, delivery, now=begins_at)
    except (Paused, ClaimLost):
        give_back(claim, delivery)
    else:
        tracing.tell(attempt_id=running.attempt_id, account_id=delivery.account_id)
        with bound_contextvars(attempt_id=running.attempt_id):
            _attempt(running, turn, loaded)
    return turn.slots


def ids_of(delivery: Delivery) -> dict[str, Any]:
    """What every log line about a delivery carries: numbers of the pages, ids of the API."""
    return {
        "event_id": delivery.event_id,
        "event_uuid": str(delivery.event.uuid),
        "delivery_id": delivery.pk,
        "delivery_uuid": str(delivery.uuid),
    }


def _stopped_before_start(claim: Claim, loaded: Loaded) -> bool:
    delivery = loaded.delivery
    unwanted = _why_unwanted(loaded)
    if unwanted:
        recording.record_canceled(claim, delivery, reason=unwanted, now=timezone.now())
        return True
    if not delivery.connection.active or delivery.connection.deleted_at is not None:
        give_back(claim, delivery)
        recovery.hold_for_connection(delivery.connection_id)
        return True
    return False


def _why_unwanted(loaded: Loaded) -> str:
    if loaded.delivery.cancel_asked_at is not None:
        return recording.CANCELED_BY_PERSON
    if loaded.rule_deleted:
        return recording.RULE_DELETED
    return SUPERSEDED if is_superseded(loaded.delivery) else ""


def _attempt(running: Running, turn: Turn, loaded: Loaded) -> None:
    try:
        done = _run(running, turn, loaded.known)
    except ClaimLost:
        log.warning("claim_lost", delivery_id=running.delivery.pk)
    except Exception as error:  # noqa: BLE001  whatever happens must end in the attempt's row
        _failed(running, error)
    else:
        tracing.tell(outcome=str(Outcome.DELIVERED))
        latency.note_failure(running.delivery.account_id, failed=False)
        held = recording.record_done(running, done, known=loaded.known, now=timezone.now())
        if held and done.target_id:
            holding.follow_target(running.delivery, target_id=done.target_id, now=timezone.now())
        if held and running.delivery.is_test:
            trial_looks.look_after(running.delivery)
    latency.note(running.delivery.account_id, running.exchanges)
    answered = running.exchanges and running.exchanges[-1].status is not None
    if loaded.silent and answered:
        note_answer(running.delivery.account_id)


def _run(running: Running, turn: Turn, known: KnownContact) -> Done:
    delivery = running.delivery
    job = job_for(delivery)
    line = open_line(
        delivery.connection,
        record=running.exchanges.append,
        hide=values_to_hide(delivery, job),
        before_call=turn,
    )
    destination = destinations.any_destination(delivery.connection.kind)
    if delivery.is_test:
        trial_looks.look_before(delivery, line)
    if known.fields_hash not in ("", destination.fields_hash(job)):
        recording.doubt_fields(delivery)
        running.doubted = True
    hooks = Hooks(
        learn=running.learned.append,
        taken=partial(recording.note_taken, running),
        found=partial(_take_turn, delivery),
    )
    return destination.run(job, line, known, hooks=hooks)


def _take_turn(delivery: Delivery, target_id: str) -> None:
    """Nothing when the delivery may go on at the new id of its target.

    Raises: OutOfTurn.
    """
    if is_out_of_turn(delivery, target_id=target_id):
        raise OutOfTurn(delivery.target_kind, target_id)


def _failed(running: Running, error: Exception) -> None:
    verdict = judge(error)
    tracing.tell(outcome=str(verdict.outcome), reason=verdict.reason)
    delivery = running.delivery
    latency.note_failure(delivery.account_id, failed=verdict.outcome in ITS_SIDE)
    if verdict.outcome == Outcome.INTERNAL_ERROR:
        log.error("attempt_broke", delivery_id=delivery.pk, exc_info=error)
    if verdict.outcome == Outcome.RATE_LIMITED and verdict.retry_after_s is not None:
        pause(delivery.account_id, seconds=verdict.retry_after_s, reason=verdict.reason)
    if verdict.outcome == Outcome.TIMEOUT:
        note_timeout(delivery.account_id)
    if verdict.next is Next.PROBE:
        verdict = _probed(running, verdict)
    if verdict.next is Next.HOLD:
        holding.hold_for_rule(delivery, reason=verdict.reason, now=timezone.now())
    recording.record_failure(running, verdict, now=timezone.now())
    if verdict.target_id:
        holding.follow_target(delivery, target_id=verdict.target_id, now=timezone.now())
    if not delivery.connection.active:
        recovery.hold_for_connection(delivery.connection_id)


def _probed(running: Running, verdict: Verdict) -> Verdict:
    """The verdict, costing no try when the credentials turn out not to work."""
    renew(running.claim)  # the probe is one more call, for which a lease must be left
    connection = running.delivery.connection
    state = probe(connection, now=timezone.now())
    after = {"refused": Next.WAIT, "unsettled": Next.RETRY, "passed": Next.PROBE}[state]
    return replace(verdict, next=after)
