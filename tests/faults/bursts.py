"""Bursts of people who wait for one tag, and what goes wrong with their import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from tests.faults.actors import Actor
from tests.faults.client import Client
from tests.faults.generator import DOMAIN, burst
from tests.faults.imported import PATH
from tests.faults.sandboxes import Sandbox
from tests.faults.scene import BULK

AT_ONCE = 90
EXCLUDED = 3
DOUBT_UNTIL, LAST_AT = 0.5, 0.8
RESERVED_S = 25.0
ONCE = {"count": 1, "method": "POST", "path": PATH}
FAIR = ("rows rejected", "import fails")
FOUL: dict[str, tuple[str, dict[str, Any]]] = {
    "500": ("server_error", {"status": 500, **ONCE}),
    "hang after applying": ("hang", {"seconds": 35.0, "apply": True, **ONCE}),
    "reset after applying": ("reset_after_write", ONCE),
}


class Bursts:
    """The deed: many events at once for an account that imports in bulk.

    Shape: every burst has rows that the importer refuses. Foul faults come to
    one account while the run is young: what they leave open takes a minute to
    settle, and afterwards the account imports nothing for five.
    """

    def __init__(
        self,
        actor: Actor,
        client: Client,
        sandboxes: dict[str, Sandbox],
        share: Callable[[], float],
    ) -> None:
        self._actor, self._client, self._sandboxes = actor, client, sandboxes
        self._dice, self._share = actor.dice, share
        self._numbers = count(1)
        self._accounts, self._fair = _around(BULK), _around(FAIR)
        self._foul = _around(tuple(FOUL))
        for _ in range(self._dice.randrange(len(FOUL))):
            next(self._foul)

    def post(self) -> None:
        """A burst to the next account, and the fault that its import meets."""
        if self._share() > LAST_AT:
            return
        name, number = next(self._accounts), next(self._numbers)
        sandbox = self._sandboxes[name]
        posts = list(burst(name, number=number, people=AT_ONCE))
        for person in self._dice.sample(range(AT_ONCE), EXCLUDED):
            sandbox.act("contacts/exclude", email=f"burst-{person}@{DOMAIN}")
        kind = self._fault(sandbox)
        for post in posts:
            self._client.post(post)
        self._actor.counts[f"bursts ({kind})"] += 1

    def _fault(self, sandbox: Sandbox) -> str:
        if self._share() < DOUBT_UNTIL and sandbox.name == BULK[0]:
            kind = next(self._foul)
            switch, options = FOUL[kind]
            sandbox.reserve(switch, for_s=RESERVED_S)
            sandbox.fault(switch, **options)
            return kind
        kind = next(self._fair)
        if kind == "import fails":
            sandbox.fault("import_outcome", status="failed", count=1)
        return kind


def _around(words: tuple[str, ...]) -> Iterator[str]:
    while True:
        yield from words
