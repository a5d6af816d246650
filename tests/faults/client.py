"""A bounded client of the events endpoint that repeats with the same key until it has an answer."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.generator import Generator, Post

GIVE_UP_S = 90.0
TIMEOUT_S = 15.0
REPEAT_EVERY = 15
PENDING = 0


@dataclass(slots=True)
class Sent:
    """A post and what became of it; `status` 0 says that no answer ever came.

    Shape: `ids` holds the id of each event, empty for an item that was an error.
    `odd` is a sentence when an answer broke the contract.
    """

    post: Post
    status: int = PENDING
    ids: tuple[str, ...] = ()
    tries: int = 0
    odd: str = ""


@dataclass(slots=True)
class Ledger:
    """Everything that the client sent, in the order of the first try."""

    sent: list[Sent] = field(default_factory=list)
    trouble: Counter[str] = field(default_factory=Counter)


class Client:
    """A few threads that post from one generator while the backlog is small enough."""

    def __init__(
        self, *, port: int, key: str, seed: str, may_post: Callable[[], bool], pause_s: float
    ) -> None:
        self.ledger = Ledger()
        self.in_flight = 0
        self._port, self._key, self._pause_s = port, key, pause_s
        self._may_post = may_post
        self._generator, self._dice = Generator(seed), random.Random(f"{seed} client")
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, threads: int) -> None:
        """Begin to post."""
        for _ in range(threads):
            thread = threading.Thread(target=self._work, name="client", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Post nothing new, and wait for the answers to what was sent."""
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=GIVE_UP_S + TIMEOUT_S)

    def post(self, post: Post) -> Sent:
        """What became of a request that somebody else thought of, once it is known."""
        with self._lock:
            sent = self._noted(post)
        self._send(sent)
        return sent

    def _noted(self, post: Post) -> Sent:
        sent = Sent(post)
        self.ledger.sent.append(sent)
        return sent

    def _work(self) -> None:
        while not self._over.is_set():
            if not self._may_post():
                time.sleep(0.1)
                continue
            with self._lock:
                sent = self._noted(self._generator.next())
                again = self._dice.randrange(REPEAT_EVERY) == 0
                pause_s = self._dice.expovariate(1 / self._pause_s)
            self._send(sent)
            if again and sent.status in (201, 207):
                self._send(sent)
            time.sleep(pause_s)

    def _send(self, sent: Sent) -> None:
        until = time.monotonic() + GIVE_UP_S
        while time.monotonic() < until:
            sent.tries += 1
            status, body = self._try(sent.post)
            if status and status < 500 and status != 429:
                _settle(sent, status, body)
                return
            with self._lock:
                self.ledger.trouble[str(status or body)] += 1
            time.sleep(1.0 if status == 429 else 0.3)

    def _try(self, post: Post) -> tuple[int, Any]:
        headers = {
            "Content-Type": "application/json",
            "X-Meshes-Publishable-Key": self._key,
            "Idempotency-Key": post.key,
        }
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        self.in_flight += 1
        try:
            line.request("POST", post.path, post.body, headers)
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            return PENDING, type(error).__name__
        finally:
            self.in_flight -= 1
            line.close()


def _settle(sent: Sent, status: int, body: Any) -> None:
    """Write the answer down; a repeat must get the same one."""
    records = body.get("records", [body.get("event")])
    ids = tuple((record or {}).get("id", "") for record in records) if status < 300 else ()
    before = (sent.status, sent.ids)
    if sent.status and before != (status, ids):
        sent.odd = f"A repeat got {status} instead of {sent.status}, or other events."
    if status == http.HTTPStatus.CONFLICT:
        sent.odd = "A repeat with the same body was answered with a conflict."
    if status >= 300 and not sent.post.poison:
        sent.odd = f"A sound request was refused with {status}."
    if not sent.status:
        sent.status, sent.ids = status, ids
