"""ActiveCampaign sandboxes in processes of their own, so that they cost the worker nothing.

One process serves many accounts, told apart by their keys; many accounts are spread over
several processes.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

ACCOUNTS_PER_PROCESS = 100
ANSWER_WITHIN_S = 60.0


class Arrival(NamedTuple):
    """One request as a sandbox saw it.

    Shape: `about` is the contact's email with the target and what becomes of it.
    Units: `at` in epoch seconds; `took_s` is None while it is being answered.
    """

    account: str
    call: str
    about: str
    at: float
    status: int | None
    outcome: str
    took_s: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account is served, and with which key."""

    name: str
    url: str
    key: str


class Sandboxes:
    """Running sandboxes with so many accounts; leaving the `with` block ends them."""

    def __init__(self, accounts: int, **settings: Any) -> None:
        self.places: list[Place] = []
        self._children: list[tuple[Any, Any]] = []
        self._home: dict[str, Any] = {}
        names = [f"account-{number}" for number in range(accounts)]
        for start in range(0, accounts, ACCOUNTS_PER_PROCESS):
            self._start(names[start : start + ACCOUNTS_PER_PROCESS], settings)

    def __enter__(self) -> Sandboxes:
        return self

    def __exit__(self, *_: object) -> None:
        for process, line in self._children:
            line.close()
            process.join(timeout=10)
            if process.is_alive():
                process.kill()
                process.join()

    @property
    def pids(self) -> list[int]:
        """The ids of the processes."""
        return [process.pid for process, _line in self._children]

    def ask(self, account: str, verb: str, *arguments: Any) -> Any:
        """What the account's process answers to one of the verbs of `_Server`."""
        return _asked(self._home[account], verb, account, *arguments)

    def arrivals(self) -> list[Arrival]:
        """All requests since the last `forget`, oldest first."""
        answers = [_asked(line, "arrivals") for _process, line in self._children]
        return sorted((Arrival(*row) for rows in answers for row in rows), key=lambda row: row.at)

    def forget(self) -> None:
        """Empty the request logs."""
        for _process, line in self._children:
            _asked(line, "forget")

    def _start(self, names: Sequence[str], settings: dict[str, Any]) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, names, settings), daemon=True)
        process.start()
        theirs.close()
        self._children.append((process, ours))
        for name, url, key in _received(ours):
            self.places.append(Place(name, url, key))
            self._home[name] = ours


def _asked(line: Any, *question: Any) -> Any:
    line.send(question)
    return _received(line)


def _received(line: Any) -> Any:
    if not line.poll(ANSWER_WITHIN_S):
        raise TimeoutError("A sandbox does not answer its benchmark.")
    answer = line.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


def serve(line: Any, names: Sequence[str], settings: dict[str, Any]) -> None:
    """Run one sandbox until the other end of the line closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = _Server(names, settings)
    line.send(server.places)
    try:
        while True:
            verb, *arguments = line.recv()
            try:
                line.send(getattr(server, verb)(*arguments))
            except Exception as error:  # noqa: BLE001  it is raised at the other end
                line.send(error)
    except EOFError:
        server.stop()


class _Server:
    """The verbs that a benchmark may use on its sandboxes."""

    def __init__(self, names: Sequence[str], settings: dict[str, Any]) -> None:
        from connections.destinations.activecampaign.sandbox import SandboxServer

        self._server = SandboxServer(seed=False, **settings)
        self._accounts = {
            name: self._server.add_account(key=f"key-of-{name}", name=name) for name in names
        }
        self._server.start()
        rows = self._accounts.values()
        self.places = [(row.name, self._server.url_of(row), row.key) for row in rows]

    def stop(self) -> None:
        self._server.stop()

    def add_tag(self, account: str, name: str) -> str:
        return self._accounts[account].state.add_tag(name)

    def add_list(self, account: str, name: str) -> str:
        return self._accounts[account].state.add_list(name)

    def people(
        self, account: str, emails: Sequence[str], tags: Sequence[str] = ()
    ) -> dict[str, str]:
        state = self._accounts[account].state
        return {email: state.add_contact(email, tags=tags) for email in emails}

    def configure(self, account: str, values: dict[str, Any]) -> None:
        self._accounts[account].configure(**values)

    def fault(self, account: str, name: str, options: dict[str, Any]) -> None:
        self._accounts[account].faults.set(name, **options)

    def forget(self) -> None:
        self._server.log.forget(*self._accounts)

    def arrivals(self) -> list[tuple[Any, ...]]:
        return [_arrival(entry) for entry in self._server.log.since(0)]


def _arrival(entry: Any) -> tuple[Any, ...]:
    call = f"{entry.method} {entry.path.removeprefix('/api/3/')}"
    about = " ".join(entry.about.values())
    return (entry.account, call, about, entry.at, entry.status, entry.outcome, entry.took_s)
