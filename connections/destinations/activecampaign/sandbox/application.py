"""From a request to its answer: account, limit, faults, endpoint, log. No sockets here.

The order is the promise: a wrong key reaches no account, a refused request changes nothing.
"""

import time
from collections.abc import Callable
from threading import Event
from uuid import uuid4

from connections.destinations.activecampaign.sandbox import fault_answers, refusals, routing
from connections.destinations.activecampaign.sandbox.accounts import NOBODY, Account, Accounts
from connections.destinations.activecampaign.sandbox.call import Call
from connections.destinations.activecampaign.sandbox.limiter import Verdict
from connections.destinations.activecampaign.sandbox.messages import Answer, Refusal, Request
from connections.destinations.activecampaign.sandbox.request_log import RequestLog
from connections.destinations.activecampaign.sandbox.settings import Settings
from connections.destinations.activecampaign.sandbox.subjects import subject_of

IMPORT_PATH = ("api", "3", "import", "bulk_import")


class Api:
    """Everything under /api/3."""

    def __init__(self, *, accounts: Accounts, log: RequestLog, stopping: Event):
        self._accounts = accounts
        self._log = log
        self._stopping = stopping

    def answer(self, request: Request, settings: Settings) -> Answer:
        """The answer to a request; the settings say what a wrong key gets."""
        account = self._accounts.of(request)
        entry = self._log.open(request, account=account.name if account else NOBODY)
        if account:
            entry.about = _subject(request, account)
            answer = self._paced(request, account)
        else:
            answer = fault_answers.wrong_key(settings.wrong_key).but(outcome="wrong_key")
        gone = answer.manner.kind in ("drop", "reset")
        status = None if gone else answer.status
        entry.applied = answer.applied
        entry.close(status=status, outcome=answer.outcome, fault=answer.fault)
        return _signed(answer)

    def _paced(self, request: Request, account: Account) -> Answer:
        # Bulk import has its own quota, counted by the minute where it is queued.
        importing = request.method == "POST" and request.segments == IMPORT_PATH
        verdict = None if importing else account.ask(time.monotonic())
        if verdict and not verdict.allowed:
            refused = fault_answers.too_fast(verdict.retry_after_s, verdict.limit)
            return refused.but(outcome="rate_limited")
        self._stopping.wait(account.settings.latency_s)
        return _with_rate(self._faulted(request, account), verdict)

    def _faulted(self, request: Request, account: Account) -> Answer:
        slow = account.faults.first("before", request)
        if slow:
            self._stopping.wait(slow[1]["seconds"])
        fault = account.faults.first("answer", request)
        if fault is None:
            answer = _spoiled(request, account, _handled(request, account))
            return answer if answer.fault or not slow else answer.but(fault=slow[0])
        name, options = fault
        applied = options["apply"] and _handled(request, account).applied
        return fault_answers.instead(name, options).but(applied=applied)


def _subject(request: Request, account: Account) -> dict[str, str]:
    with account.state.lock:
        return subject_of(request, account.state.data)


def _spoiled(request: Request, account: Account, answer: Answer) -> Answer:
    if answer.status >= 300:
        return answer
    fault = account.faults.first("after", request)
    return fault_answers.spoiled(*fault, answer) if fault else answer


def _handled(request: Request, account: Account) -> Answer:
    with account.state.lock:
        try:
            handler, args = _route(request)
            answer = handler(
                Call(request, account.state.data, account.faults, account.settings, args)
            )
            return answer.but(applied=answer.status < 300)
        except Refusal as refusal:
            return refusal.answer


def _route(request: Request) -> tuple[Callable[[Call], Answer], tuple[str, ...]]:
    if request.segments[:2] != ("api", "3"):
        raise refusals.no_route()
    return routing.find(request.method, request.segments[2:])


def _with_rate(answer: Answer, verdict: Verdict | None) -> Answer:
    if verdict is None or "RateLimit-Limit" in answer.headers:
        return answer
    limit, remaining = str(verdict.limit), str(verdict.remaining)
    rate = {"RateLimit-Limit": limit, "RateLimit-Remaining": remaining}
    return answer.but(headers={**answer.headers, **rate})


def _signed(answer: Answer) -> Answer:
    # What the real edge adds; clients keep the ids for support and ignore the cookie.
    marks = {
        "Cache-Control": "no-store, no-cache, must-revalidate",
        "X-Request-Id": str(uuid4()),
        "Cf-Ray": f"{uuid4().hex[:16]}-ORD",
        "Set-Cookie": f"PHPSESSID={uuid4().hex}; path=/; HttpOnly",
    }
    return answer.but(headers={**marks, **answer.headers})
