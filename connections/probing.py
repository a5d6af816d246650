"""Finding out whether a connection's credentials work, and switching it off or on by that."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal

import structlog
from django.db import transaction

from connections import destinations
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
        _switch(connection, active=False, now=now)
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
    _switch(connection, active=True, now=now)
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


def _switch(connection: Connection, *, active: bool, now: datetime) -> None:
    with transaction.atomic():
        connection.active = active
        connection.inactive_reason = "" if active else InactiveReason.AUTHENTICATION_INVALID
        connection.save(update_fields=["active", "inactive_reason", "updated_at"])
        Account.objects.filter(pk=connection.account_id).update(
            next_probe_at=None if active else now + timedelta(seconds=PROBE_EVERY_S)
        )
        bump_rules_version(connection.workspace_id)
    log.warning("connection_switched", connection_id=str(connection.pk), active=active)
