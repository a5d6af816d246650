"""People at work meanwhile: they switch rules, cancel deliveries and repair connections."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import requests

from tests.faults.sandboxes import Sandbox
from tests.faults.saying import say
from tests.faults.scene import BY, Scene

EVERY_S = 1.5
REFUSED_S = 5.0
REPAIRED_WITHIN_S = 60.0
DEEDS = ("switch", "switch", "cancel", "cancel", "cancel", "cancel", "refuse")
CANCELED_AT_LAST = 15


class People(threading.Thread):
    """Does one thing after another until stopped.

    Shape: `may_refuse` says when an account may refuse its key for a while.
    """

    def __init__(
        self, scene: Scene, sandboxes: list[Sandbox], *, seed: str, may_refuse: Callable[[], bool]
    ) -> None:
        super().__init__(name="people", daemon=True)
        self.scene, self.sandboxes = scene, {sandbox.name: sandbox for sandbox in sandboxes}
        self.counts: Counter[str] = Counter()
        self._dice = random.Random(seed)
        self._may_refuse = may_refuse
        self._refused: dict[str, float] = {}
        self._deck: list[str] = []
        self._over = threading.Event()

    def run(self) -> None:
        """Act until asked to stop; a database that is away only delays it."""
        while not self._over.wait(EVERY_S):
            self._try(self._repair)
            self._try(getattr(self, f"_{self._next_deed()}"))

    def stop(self) -> None:
        """Cancel some of what is left, repair every connection, and do nothing more."""
        self._over.set()
        self.join()
        for _ in range(CANCELED_AT_LAST):
            self._try(self._cancel)
        until = time.monotonic() + REPAIRED_WITHIN_S
        while self._inactive() and time.monotonic() < until:
            self._refused = dict.fromkeys(self._refused, 0.0)
            self._try(self._repair)
            time.sleep(0.5)

    def _next_deed(self) -> str:
        if not self._deck:
            self._deck = list(DEEDS)
            self._dice.shuffle(self._deck)
        return self._deck.pop()

    def _try(self, deed: Callable[[], None]) -> None:
        from django.db import DatabaseError, InterfaceError, connection

        try:
            deed()
        except (DatabaseError, InterfaceError):
            self.counts["database away"] += 1
        except requests.RequestException as error:
            say(f"  a sandbox did not take a switch: {type(error).__name__}")
        finally:
            connection.close()

    def _switch(self) -> None:
        from django.utils import timezone

        from rules.models import Rule
        from rules.saving import set_active

        rule = Rule.objects.get(pk=self._dice.choice(self.scene.toggled).pk)
        set_active(rule, active=not rule.active, by=BY, now=timezone.now())
        self.counts["rules switched"] += 1

    def _cancel(self) -> None:
        from django.utils import timezone

        from deliveries.canceling import AlreadyEnded, cancel_delivery
        from deliveries.models import UNFINISHED, Delivery

        waiting = list(Delivery.objects.filter(UNFINISHED).values_list("pk", flat=True)[:500])
        if not waiting:
            return
        try:
            word = cancel_delivery(self._dice.choice(waiting), by=BY, now=timezone.now())
        except AlreadyEnded:
            return
        self.counts[f"deliveries canceled ({word})"] += 1

    def _refuse(self) -> None:
        """An account refuses its key for everything, as one that was revoked."""
        if self._refused or not self._may_refuse():
            return
        name = self._dice.choice(sorted(self.sandboxes))
        self.sandboxes[name].fault("forbidden_json")
        self._refused[name] = time.monotonic() + REFUSED_S
        self.counts["keys refused"] += 1

    def _repair(self) -> None:
        """Test the connection as a person does, once the account takes the key again."""
        from django.utils import timezone

        from connections.checking import check_connection
        from connections.models import Connection

        for name, until in list(self._refused.items()):
            if time.monotonic() < until:
                continue
            self.sandboxes[name].clear("forbidden_json")
            connection = Connection.objects.select_related("account").get(name=name)
            if connection.active or check_connection(connection, now=timezone.now()).ok:
                del self._refused[name]

    def _inactive(self) -> bool:
        from django.db import DatabaseError, InterfaceError

        from connections.models import Connection

        try:
            names: list[Any] = list(
                Connection.objects.filter(active=False).values_list("name", flat=True)
            )
        except (DatabaseError, InterfaceError):
            return True
        self._refused |= dict.fromkeys(names, 0.0)
        return bool(self._refused)
