"""The control pages under /control/: read the state, throw switches, act behind the client's back.

JSON in and out, no key; every bad input is a 400 with a sentence.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from connections.destinations.activecampaign.sandbox import control_writes, summary
from connections.destinations.activecampaign.sandbox.accounts import DEFAULT, Account, Accounts
from connections.destinations.activecampaign.sandbox.control_errors import ControlError
from connections.destinations.activecampaign.sandbox.fault_kinds import KINDS
from connections.destinations.activecampaign.sandbox.messages import (
    Answer,
    Request,
    as_id,
    json_answer,
)
from connections.destinations.activecampaign.sandbox.request_log import LoggedRequest, RequestLog

MAX_ROWS = 1000
Json = dict[str, Any]


class Control:
    """The control pages of a server."""

    def __init__(self, *, accounts: Accounts, log: RequestLog):
        self._accounts = accounts
        self._log = log
        self._reads: dict[str, Callable[[Request, Account], Json]] = {
            "state": self._state,
            "requests": self._requests,
            "imports": self._imports,
            "faults": self._faults,
            "settings": lambda request, account: asdict(account.settings),
            "accounts": self._all_accounts,
        }

    def answer(self, request: Request) -> Answer:
        """The answer to a control request."""
        try:
            return json_answer(self._dispatch(request))
        except ControlError as error:
            return json_answer({"error": str(error)}, error.status)
        except (ValueError, TypeError, LookupError) as error:
            return json_answer({"error": str(error.args[0]) if error.args else "Bad input."}, 400)

    def _dispatch(self, request: Request) -> Json:
        name = "/".join(request.segments[1:])
        account = self._account(request)
        if request.method == "GET":
            if name not in self._reads:
                raise ControlError(404, f"There is no control page named {name}.")
            return self._reads[name](request, account)
        _check_origin(request)
        return control_writes.perform(request, name, account)

    def _account(self, request: Request) -> Account:
        name = request.query.get("account") or DEFAULT
        account = self._accounts.named(name)
        if account is None:
            raise ControlError(400, f"There is no account named {name}.")
        return account

    def _state(self, request: Request, account: Account) -> Json:
        limit = _limit(request, 100)
        with account.state.lock:
            data = account.state.data
            return {
                "account": account.name,
                "accounts": [row.name for row in self._accounts.all()],
                "key": account.key,
                "contacts": summary.newest_contacts(data, limit=limit),
                "total": len(data.contacts),
                "enrollments": len(data.enrollments),
                "tags": {str(tag.id): tag.name for tag in list(data.tags)[:MAX_ROWS]},
                "lists": {str(row.id): row.name for row in data.lists},
                "automations": summary.newest_enrollments(data, limit=limit),
                "requests": [_shown(row) for row in account.state.requests[-limit:]],
                "faults": account.faults.active(),
                "settings": asdict(account.settings),
            }

    def _requests(self, request: Request, account: Account) -> Json:
        wanted = request.query.get("account")
        entries = self._log.since(as_id(request.query.get("since")))
        if wanted:
            entries = [entry for entry in entries if entry.account == account.name]
        shown = [asdict(entry) for entry in entries[: _limit(request, MAX_ROWS)]]
        return {"requests": shown, "last": shown[-1]["seq"] if shown else None}

    def _imports(self, request: Request, account: Account) -> Json:
        with account.state.lock:
            rows = summary.newest_imports(account.state.data, limit=_limit(request, 100))
        return {"imports": rows}

    def _faults(self, request: Request, account: Account) -> Json:
        kinds = [
            {"name": row.name, "stage": row.stage, "summary": row.summary, **row.options}
            for row in KINDS.values()
        ]
        return {"active": account.faults.active(), "known": kinds}

    def _all_accounts(self, request: Request, account: Account) -> Json:
        rows = self._accounts.all()
        return {"accounts": [{"name": row.name, "host": row.host} for row in rows]}


def _shown(entry: LoggedRequest) -> Json:
    names = ("seq", "method", "path", "query", "status", "outcome", "fault", "at", "took_s")
    return {name: getattr(entry, name) for name in names}


def _limit(request: Request, default: int) -> int:
    return min(as_id(request.query.get("limit")) or default, MAX_ROWS)


def _check_origin(request: Request) -> None:
    # A foreign page can post text or forms here unasked, but JSON only after a preflight.
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ControlError(415, "Send the header Content-Type: application/json.")
    origin = request.headers.get("origin")
    if origin and origin.partition("//")[2] != request.host:
        raise ControlError(403, "Another web site may not use the control pages.")
