"""Tries a connection's credentials for real and says in one sentence what came of it.

No transaction is open during the calls. Sentences carry no key and no payload.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connections import activation, destinations
from connections.calling import open_line
from connections.destinations.base import Answer, Call, Checked, Exchange, Request
from connections.destinations.errors import (
    DestinationError,
    RateLimited,
    RemoteFault,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from connections.destinations.http import Line
from connections.models import Connection
from connections.pace import Crowded, Paused, pause, take_slot_within
from connections.spacing import Spaced
from connections.troubles import sentence_for
from meshes.encryption import CannotOpen

CALL_DEADLINE_S = 10.0
CHECK_DEADLINE_S = 20.0
"""All of a check, its waiting for slots included: somebody sits before the page."""

SLOW_MS = 5_000
PASSING = (RateLimited, RemoteFault, TimedOut, Unreachable)
"""Errors that may be gone in a minute; every other one needs a person."""

LIKELY_TYPO = frozenset({"dns_failed", "tls_failed", "endpoint_not_found", "unexpected_answer"})
"""Signs of a wrong address where no check ever passed."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found out.

    Shape: `message` is one sentence or two for people. `refused` says that
    the key or the address is wrong, as opposed to a destination that cannot
    be asked now. Counts are None when the key may not read them.
    Units: `latency_ms` of the fastest answer, 0 without one.
    """

    ok: bool
    message: str
    refused: bool = False
    reason: str = ""
    account_name: str = ""
    tags: int | None = None
    lists: int | None = None
    missing: tuple[str, ...] = ()
    latency_ms: int = 0

    def stored(self) -> dict[str, Any]:
        """The form in which `Connection.last_check` keeps it."""
        return {
            "ok": self.ok,
            "message": self.message,
            "account_name": self.account_name,
            "tags": self.tags,
            "lists": self.lists,
            "missing": list(self.missing),
            "latency_ms": self.latency_ms,
        }


def check_connection(connection: Connection, *, now: datetime) -> CheckResult:
    """What a check with the stored credentials finds; kept as the last check.

    Why: a success switches a connection on again that was off because its
    key was refused.
    """
    result = try_out(connection)
    remember(connection, result, now=now)
    if result.ok:
        activation.revive(connection, by="system")
    return result


def try_out(connection: Connection) -> CheckResult:
    """What the destination says to these credentials; stores nothing.

    Shape: the connection may be unsaved. With an account its slots are
    taken; without one the calls are spaced. It ends within `CHECK_DEADLINE_S`.
    """
    exchanges: list[Exchange] = []
    try:
        checked = _checked(connection, exchanges)
    except CannotOpen as error:
        result = CheckResult(ok=False, message=str(error), refused=True, reason="cannot_open")
    except (Paused, Crowded) as waiting:
        result = _waiting(connection, waiting)
    except DestinationError as error:
        result = _failed(connection, error)
    else:
        result = _passed(checked, latency_ms=_fastest(exchanges))
    return replace(result, latency_ms=_fastest(exchanges))


def remember(connection: Connection, result: CheckResult, *, now: datetime) -> None:
    """Keep the result on the connection, unless its credentials changed meanwhile."""
    verified = activation.credentials_mark(connection) if result.ok else ""
    if not result.ok and not result.refused:
        verified = connection.last_check.get("verified", "")
    connection.last_check = result.stored() | {"verified": verified}
    connection.checked_at = now
    # An update, because the outcome of a check is no edit and makes no history.
    Connection.objects.filter(
        pk=connection.pk,
        account_id=connection.account_id,
        secret_fingerprint=connection.secret_fingerprint,
    ).update(last_check=connection.last_check, checked_at=now)


def _checked(connection: Connection, exchanges: list[Exchange]) -> Checked:
    destination = destinations.destination(connection.kind)
    line = bounded(
        open_line(connection, record=exchanges.append, before_call=_nothing),
        slot=_slot_of(connection),
        until=time.monotonic() + CHECK_DEADLINE_S,
    )
    try:
        return destination.check(line)
    except Unauthorized as error:
        if error.certain:
            raise
        # Working keys get this answer now and then; a wrong one gets it twice.
        return destination.check(line)


def bounded(line: Line, *, slot: Callable[[float], object], until: float) -> Call:
    """The line whose calls all end by then; `slot` is told how long it may wait.

    Units: `until` is a reading of `time.monotonic`.
    Raises: (the line) what `slot` raises, and TimedOut when the time is over.
    """

    def call(request: Request) -> Answer:
        slot(max(0.0, until - time.monotonic()))
        left = until - time.monotonic()
        if left <= 0:
            raise TimedOut("timeout", "The account did not answer in time.", sent=False)
        return replace(line, deadline_s=min(CALL_DEADLINE_S, left))(request)

    return call


def _slot_of(connection: Connection) -> Callable[[float], object]:
    account_id: int | None = connection.account_id
    if account_id is not None:
        return lambda seconds: take_slot_within(account_id, seconds=seconds)
    spaced = Spaced()
    return lambda _seconds: spaced()


def _nothing() -> None:
    return None


def _passed(checked: Checked, *, latency_ms: int) -> CheckResult:
    parts = [f"Connected to {checked.account_name}."]
    if checked.missing:
        lacks = ", ".join(checked.missing)
        parts.append(f"The key may not read {lacks}; give its user that permission.")
    if latency_ms > SLOW_MS:
        parts.append("The destination answers slowly at the moment.")
    return CheckResult(
        ok=True,
        message=" ".join(parts),
        account_name=checked.account_name,
        tags=checked.tags,
        lists=checked.lists,
        missing=checked.missing,
    )


def _failed(connection: Connection, error: DestinationError) -> CheckResult:
    if isinstance(error, RateLimited) and connection.account_id:
        pause(connection.account_id, seconds=error.retry_after_s, reason="rate_limited")
    known = bool(connection.last_check.get("verified"))
    typo = error.reason in LIKELY_TYPO and not known
    return CheckResult(
        ok=False,
        message=sentence_for(error, connection),
        refused=typo or not isinstance(error, PASSING),
        reason=error.reason,
    )


def _waiting(connection: Connection, waiting: Paused | Crowded) -> CheckResult:
    reason = "paused" if isinstance(waiting, Paused) else "crowded"
    return CheckResult(ok=False, message=sentence_for(waiting, connection), reason=reason)


def _fastest(exchanges: list[Exchange]) -> int:
    return min((each.elapsed_ms for each in exchanges if each.status is not None), default=0)
