"""What arrived and how it ended, bounded, for tests and the live page.

An API key never enters the log.
"""

import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from connections.destinations.activecampaign.sandbox.messages import Request

LOG_SIZE = 20_000
# Bulk imports are large; without this bound the log could eat the machine's memory.
LOG_BYTES = 50_000_000


@dataclass
class LoggedRequest:
    """One request as it arrived; `status` and `outcome` are filled in when it ends.

    Shape: `path` as sent without the query; `body` is parsed JSON, or text, or None.
    `outcome`: waiting, answered, rate_limited, wrong_key, reset or dropped.
    `about` names the contact and target, `applied` says that the endpoint did its
    work, even where the answer was lost or spoiled.
    Units: `at` in epoch seconds, `monotonic` on the local monotonic clock.
    """

    seq: int
    account: str
    method: str
    path: str
    query: str
    body: Any
    headers: dict[str, str]
    size: int = 0
    at: float = field(default_factory=time.time)
    monotonic: float = field(default_factory=time.monotonic)
    status: int | None = None
    outcome: str = "waiting"
    fault: str = ""
    about: dict[str, str] = field(default_factory=dict)
    applied: bool = False
    took_s: float | None = None

    def close(self, *, status: int | None, outcome: str, fault: str) -> None:
        """Write down how it ended."""
        self.took_s = time.monotonic() - self.monotonic
        self.fault = fault
        self.status = status
        self.outcome = outcome


class RequestLog:
    """The last requests of all accounts, oldest first, bounded by number and by bytes."""

    def __init__(self, *, size: int = LOG_SIZE, max_bytes: int = LOG_BYTES):
        self._entries: deque[LoggedRequest] = deque()
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0
        self._numbers = itertools.count(1)
        self._lock = Lock()

    def open(self, request: Request, *, account: str) -> LoggedRequest:
        """A new entry, stored before anything is done about the request."""
        entry = LoggedRequest(
            seq=next(self._numbers),
            account=account,
            method=request.method,
            path=request.path,
            query=request.query_text,
            body=request.body,
            headers=_without_key(request.headers),
            size=len(request.raw),
        )
        with self._lock:
            self._entries.append(entry)
            self._bytes += entry.size
            while len(self._entries) > self._size or self._bytes > self._max_bytes:
                self._bytes -= self._entries.popleft().size
        return entry

    def of(self, *accounts: str) -> list[LoggedRequest]:
        """The entries of these accounts."""
        return [entry for entry in self._copy() if entry.account in accounts]

    def since(self, seq: int) -> list[LoggedRequest]:
        """The entries with a higher number."""
        return [entry for entry in self._copy() if entry.seq > seq]

    def forget(self, *accounts: str) -> None:
        """Drop the entries of these accounts; numbers go on."""
        with self._lock:
            kept = [entry for entry in self._entries if entry.account not in accounts]
            self._entries = deque(kept)
            self._bytes = sum(entry.size for entry in kept)

    def _copy(self) -> list[LoggedRequest]:
        with self._lock:
            return list(self._entries)


def _without_key(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "api-token"}
