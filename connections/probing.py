"""Finding out whether a connection's credentials work, and switching it off or on by that."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal

import structlog
from django.db import transaction

from connections import destinations
from connections.activation import credentials_mark, revive, save_as
from connections.calling import open_line
from connections.destinations.errors import DestinationError, Unauthorized
from connections.models import Account, Connection, InactiveReason
from connections.pace import Paused
from meshes.encryption import CannotOpen
from meshes.workspaces import bump_rules_version

PROBE_EVERY_S = 3600
RUN_S = 30.0
ProbeState = Literal["passed", "refused", "unsettled"]

log = structlog.get_logger(__name__)


def probe(connection: Connection, *, now: datetime) -> ProbeState:
    """Whether the destination accepts the credentials, asked for real.

    Shape: `unsettled` when the question got no answer, as nothing is known
    against the credentials then. A refusal makes the connection inactive
    until a probe passes or a person saves working ones.
    """
    state = _state(connection)
    Account.objects.filter(pk=connection.account_id).update(probe_state=state, probed_at=now)
    if state == "refused":
        _switch_off(connection, now=now)
    return state


def probe_inactive(*, now: datetime) -> int:
    """How many connections went on because their credentials work again.

    Shape: each refused connection is asked once an hour; those for which
    the time of this run is too short come first in the next one.
    """
    enough = time.monotonic() + RUN_S
    due = Connection.objects.live().filter(
        active=False,
        inactive_reason=InactiveReason.AUTHENTICATION_INVALID,
        account__next_probe_at__lte=now,
    )
    due = due.select_related("account").order_by("account__next_probe_at")
    asked = takewhile(lambda _: time.monotonic() < enough, due)
    return sum(_try_again(connection, now=now) for connection in asked)


def _try_again(connection: Connection, *, now: datetime) -> int:
    Account.objects.filter(pk=connection.account_id).update(
        probed_at=now, next_probe_at=now + timedelta(seconds=PROBE_EVERY_S)
    )
    try:
        _ask(connection)
    except (DestinationError, Paused, CannotOpen) as error:
        log.info("probe_failed", connection_id=str(connection.pk), error=type(error).__name__)
        return 0
    if not revive(connection, by="system"):
        return 0
    log.warning("connection_accepted", connection_id=str(connection.pk))
    return 1


def _state(connection: Connection) -> ProbeState:
    try:
        _ask(connection)
    except Unauthorized:
        return "refused"
    except (DestinationError, Paused, CannotOpen) as error:
        log.info("probe_unsettled", connection_id=str(connection.pk), error=type(error).__name__)
        return "unsettled"
    return "passed"


def _ask(connection: Connection) -> None:
    destinations.destination(connection.kind).probe(open_line(connection))


def _switch_off(connection: Connection, *, now: datetime) -> None:
    """Off, unless a person switched it or saved another key since it was read."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        refused = row.active and credentials_mark(row) == credentials_mark(connection)
        if refused:
            row.active, row.inactive_reason = False, InactiveReason.AUTHENTICATION_INVALID
            save_as(row, by="system")
            later = now + timedelta(seconds=PROBE_EVERY_S)
            Account.objects.filter(pk=row.account_id).update(next_probe_at=later)
            bump_rules_version(row.workspace_id)
    connection.active, connection.inactive_reason = row.active, row.inactive_reason
    if refused:
        log.warning("connection_refused", connection_id=str(row.pk))
