"""People at work meanwhile: rules are switched off and on, deliveries are canceled."""

from __future__ import annotations

import random
import threading
from collections import Counter

from tests.faults.scene import BY, Scene

EVERY_S = 2.0


class Switcher(threading.Thread):
    """Switches a rule or cancels a delivery every other second."""

    def __init__(self, scene: Scene, *, seed: str) -> None:
        super().__init__(name="people", daemon=True)
        self.scene, self.dice = scene, random.Random(seed)
        self.counts: Counter[str] = Counter()
        self._over = threading.Event()

    def run(self) -> None:
        """Act until asked to stop; a database that is away only delays it."""
        from django.db import DatabaseError, InterfaceError, connection

        while not self._over.wait(EVERY_S):
            try:
                self._switch()
            except (DatabaseError, InterfaceError):
                connection.close()
        connection.close()

    def stop(self) -> None:
        """Do nothing more."""
        self._over.set()
        self.join()

    def _switch(self) -> None:
        from django.utils import timezone

        from rules.models import Rule
        from rules.saving import set_active

        rule = Rule.objects.get(pk=self.dice.choice(self.scene.toggled).pk)
        set_active(rule, active=not rule.active, by=BY, now=timezone.now())
        self.counts["rules switched"] += 1
