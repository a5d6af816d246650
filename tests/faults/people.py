"""People at work meanwhile: they switch rules, cancel what waits and repair connections."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.faults.actors import Actor
from tests.faults.sandboxes import Sandbox
from tests.faults.scene import BY, Scene

REFUSED_S = 5.0
REPAIRED_WITHIN_S = 60.0
CANCELED_AT_LAST = 15
LOOKED_AT = 500


class People(Actor):
    """Whoever looks after rules and connections.

    Shape: `may_refuse` says when an account may refuse its key for a while.
    """

    def __init__(
        self, scene: Scene, sandboxes: list[Sandbox], *, seed: str, may_refuse: Callable[[], bool]
    ) -> None:
        super().__init__("people", seed=seed)
        self.scene, self.sandboxes = scene, {sandbox.name: sandbox for sandbox in sandboxes}
        self.before = (self._repair,)
        self.deck = {self._switch: 2, self._cancel: 4, self._cancel_event: 2, self._refuse: 1}
        self._may_refuse = may_refuse
        self._refused: dict[str, float] = {}

    def stop(self) -> None:
        """Cancel some of what is left, repair every connection, and do nothing more."""
        self.end()
        for _ in range(CANCELED_AT_LAST):
            self.attempt(self._cancel)
        until = time.monotonic() + REPAIRED_WITHIN_S
        while self._inactive() and time.monotonic() < until:
            self._refused = dict.fromkeys(self._refused, 0.0)
            self.attempt(self._repair)
            time.sleep(0.5)

    def _switch(self) -> None:
        from django.utils import timezone

        from rules.models import Rule
        from rules.saving import set_active

        rule = Rule.objects.get(pk=self.dice.choice(self.scene.toggled).pk)
        set_active(rule, active=not rule.active, by=BY, now=timezone.now())
        self.counts["rules switched"] += 1

    def _cancel(self) -> None:
        from django.utils import timezone

        from deliveries.canceling import AlreadyEnded, cancel_delivery
        from deliveries.models import UNFINISHED, Delivery

        waiting = list(Delivery.objects.filter(UNFINISHED).values_list("pk", flat=True)[:LOOKED_AT])
        if not waiting:
            return
        try:
            word = cancel_delivery(self.dice.choice(waiting), by=BY, now=timezone.now())
        except AlreadyEnded:
            return
        self.counts[f"deliveries canceled ({word})"] += 1

    def _cancel_event(self) -> None:
        from django.utils import timezone

        from deliveries.canceling import Canceled, cancel_event
        from deliveries.models import UNFINISHED, Delivery, Event

        rows = Delivery.objects.filter(UNFINISHED).values_list("event", flat=True)
        waiting = list(rows[:LOOKED_AT])
        if not waiting:
            return
        event = Event.objects.get(pk=self.dice.choice(waiting))
        done = cancel_event(event, by=BY, now=timezone.now())
        self.counts["events canceled"] += done != Canceled()

    def _refuse(self) -> None:
        """An account refuses its key for everything, as one that was revoked."""
        if self._refused or not self._may_refuse():
            return
        name = self.dice.choice(sorted(self.sandboxes))
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
