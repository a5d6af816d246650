"""A line to a connection's account: the paced, recorded way in which every call goes out."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from django.conf import settings

from connections import destinations
from connections.destinations.base import Exchange
from connections.destinations.http import Line, open_session
from connections.models import Connection
from connections.pace import leave, take_slot
from connections.usage import answer_came, call_leaves
from meshes import tracing

KEPT_SESSIONS = 256

_sessions: OrderedDict[tuple[int, bool], Any] = OrderedDict()
_guard = threading.Lock()


def secrets_of(connection: Connection) -> dict[str, str]:
    """The connection's secrets in clear, for immediate use.

    Raises: encryption.CannotOpen when the key they were sealed with is gone.
    """
    text = connection.secrets.open()
    return dict(json.loads(text)) if text else {}


def open_line(
    connection: Connection,
    *,
    record: Callable[[Exchange], None] | None = None,
    hide: Collection[str] = (),
    before_call: Callable[[], object] | None = None,
    deadline_s: float = 30.0,
) -> Line:
    """A function that sends one request to the connection's account.

    Shape: `record` gets each exchange, masked; `hide` lists values to mask;
    `before_call` runs before each request and takes the account's slot by
    default.
    Raises: (the line) errors of `destinations.errors`, or what before_call raises.
    """
    destination = destinations.any_destination(connection.kind)
    secrets, account_id = secrets_of(connection), connection.account_id
    return Line(
        _session_for(account_id),
        base=destination.api_base(connection.metadata),
        headers=destination.headers(secrets),
        before_call=partial(_leave, account_id, before_call or partial(take_slot, account_id)),
        record=partial(_arrive, account_id, record or _forget),
        hide=(*hide, *secrets.values()),
        deadline_s=deadline_s,
    )


def _forget(_exchange: Exchange) -> None:
    return None


def _leave(account_id: int | None, before_call: Callable[[], object]) -> None:
    before_call()
    if account_id is not None:
        leave(account_id)
        call_leaves(account_id)


def _arrive(account_id: int | None, record: Callable[[Exchange], None], exchange: Exchange) -> None:
    record(exchange)
    tracing.past(
        "meshes.call",
        began_at=exchange.started_at,
        ended_at=exchange.started_at + exchange.elapsed_ms / 1000,
        account_id=account_id,
        http__request__method=exchange.method,
        http__response__status_code=exchange.status,
        url__path=exchange.path.partition("?")[0],
        error__type=exchange.error or None,
    )
    if account_id is not None:
        answer_came(account_id, exchange)


def _session_for(account_id: int) -> Any:
    key = (account_id, bool(settings.DESTINATIONS_ALLOW_PRIVATE))
    with _guard:
        session = _sessions.pop(key, None)
        if session is None:
            session = open_session(allow_private=key[1], pool_size=8)
        _sessions[key] = session
        while len(_sessions) > KEPT_SESSIONS:
            _sessions.popitem(last=False)
    return session
