"""How a connection is doing, in words and with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils import timezone
from django.utils.timesince import timesince

from connections.activation import is_by_hand, is_verified
from connections.models import Account, Connection, InactiveReason
from meshes import moments

DOUBTED_FOR = timedelta(minutes=15)
REFUSED = InactiveReason.AUTHENTICATION_INVALID
PAUSED = "the account asked for fewer requests"
PAUSES = {"overloaded": "the account is overloaded or in maintenance"}


@dataclass(frozen=True, slots=True)
class State:
    """A word or two, and a sentence with the next step; empty when all is well."""

    word: str
    advice: str = ""
    tone: Literal["good", "warning", "bad", "off"] = "good"

    def __str__(self) -> str:
        return f"{self.word}. {self.advice}" if self.advice else self.word


def state_of(connection: Connection, *, now: datetime) -> State:
    """The most important thing to know about the connection."""
    return _switched_off(connection) or _doubtful(connection) or _working(connection, now=now)


def notes_of(connection: Connection, *, now: datetime) -> list[str]:
    """What else is going on beside the state: pauses, probes, readings that failed."""
    state = state_of(connection, now=now)
    notes = [pause_of(connection.account, now=now), _probe(connection, now=now)]
    if connection.account.catalog_error:
        notes.append(f"Tags and lists were not read: {connection.account.catalog_error}")
    return [note for note in notes if note and note not in state.advice]


def is_refused(connection: Connection) -> bool:
    """Whether it is off because the account does not accept its key."""
    return not connection.active and connection.inactive_reason == REFUSED


def ago(moment: datetime) -> str:
    """How long ago it was, roughly."""
    passed = timezone.now() - moment
    return "just now" if passed < timedelta(minutes=1) else f"{timesince(moment, depth=1)} ago"


def pause_of(account: Account, *, now: datetime) -> str:
    """Until when the account waits and why; empty when it does not wait."""
    if account.paused_until is None or account.paused_until <= now:
        return ""
    until = moments.clock(account.paused_until, seconds=True)
    return f"Paused until {until}: {PAUSES.get(account.pause_reason, PAUSED)}."


def _probe(connection: Connection, *, now: datetime) -> str:
    account = connection.account
    if connection.active:
        doubted = account.probe_state == "unsettled" and account.probed_at
        if doubted and account.probed_at > now - DOUBTED_FOR:  # type: ignore[operator]
            return (
                "Probing: an answer cast doubt on the key, and the account could not be asked "
                f"{ago(account.probed_at)}. Deliveries go on being tried."  # type: ignore[arg-type]
            )
        return ""
    if not is_refused(connection) or account.next_probe_at is None:
        return ""
    soon = moments.clock(max(account.next_probe_at, now))
    return f"Meshes tries the key again by itself at about {soon}."


def _switched_off(connection: Connection) -> State | None:
    if connection.active:
        return None
    if is_by_hand(connection):
        return State("Off", "Switched off by a person; switch it on to send again.", "off")
    reason = connection.get_inactive_reason_display()
    advice = f"{reason}. Enter a working key; what waits is then sent by itself."
    return State("Not accepted", advice, "bad")


def _doubtful(connection: Connection) -> State | None:
    if not connection.last_check:
        return State("Unchecked", "Nobody has tested it yet; press Test connection.", "warning")
    if connection.last_check.get("ok"):
        return None
    message = connection.last_check.get("message", "")
    if is_verified(connection):
        return State("Last check failed", message, "warning")
    return State("Unchecked", f"{message} Then press Test connection.", "bad")


def _working(connection: Connection, *, now: datetime) -> State:
    account = connection.account
    if pause := pause_of(account, now=now):
        return State("Pausing", f"{pause} It goes on by itself.", "warning")
    if account.catalog_error:
        return State("Working", f"Tags and lists were not read: {account.catalog_error}", "warning")
    if connection.last_check.get("missing"):
        return State("Working", connection.last_check.get("message", ""), "warning")
    return State("Working")
