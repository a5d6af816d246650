"""People who ask to be forgotten while their deliveries run."""

from __future__ import annotations

from contextlib import suppress
from itertools import count

from tests.faults.actors import Actor
from tests.faults.client import Client
from tests.faults.generator import leaver, leavers_events
from tests.faults.scene import BY, Scene


class Erasures:
    """The deed; `people` are the emails of all who were to be erased."""

    def __init__(self, actor: Actor, client: Client, scene: Scene) -> None:
        self.people: list[str] = []
        self._unsure: list[str] = []
        self._actor, self._client, self._scene = actor, client, scene
        self._numbers = count(1)

    def erase(self) -> None:
        """Let a new person do a few things, and erase them as soon as that was accepted."""
        number = next(self._numbers)
        sent = self._client.post(leavers_events(number, self._actor.dice))
        if not any(sent.ids):
            return
        self._unsure.append(leaver(number))
        self._ask()

    def ask_again(self) -> None:
        """Ask for those of whom nobody knows whether the request was stored; then go on at once.

        Why: erasing somebody twice does no harm.
        """
        self._ask()

    def _ask(self) -> None:
        import redis
        from django.utils import timezone

        from deliveries import erasing
        from deliveries.tasks import enqueue
        from meshes.models import Workspace

        workspace = Workspace.objects.get(pk=self._scene.workspace_id)
        while self._unsure:
            erasing.ask(self._unsure[0], workspace=workspace, by=BY, now=timezone.now())
            self.people.append(self._unsure.pop(0))
            self._actor.counts["people erased"] += 1
        with suppress(redis.RedisError):  # it may be away just now, as may any other program
            enqueue("keep_history")  # what comes every minute, sooner
