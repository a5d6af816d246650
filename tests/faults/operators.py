"""People at work on the history meanwhile: replay, backfill, bursts, lost tags and erasures."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.actors import Actor
from tests.faults.backfills import Backfills
from tests.faults.bursts import Bursts
from tests.faults.client import Client
from tests.faults.erasures import Erasures
from tests.faults.replays import Replays
from tests.faults.sandboxes import Sandbox
from tests.faults.scene import FORGETFUL, Scene
from tests.faults.targets import Targets


class Operators(Actor):
    """Whoever works on history; what they know of it afterwards is in their parts.

    Shape: `share` says how much of the run is over.
    """

    def __init__(
        self,
        scene: Scene,
        sandboxes: list[Sandbox],
        client: Client,
        *,
        seed: str,
        share: Callable[[], float],
    ) -> None:
        super().__init__("operators", seed=seed)
        named = {sandbox.name: sandbox for sandbox in sandboxes}
        self.replays = Replays(self, scene)
        self.backfills = Backfills(self, share)
        self.bursts = Bursts(self, client, named, share)
        self.targets = Targets(self, scene, named[FORGETFUL])
        self.erasures = Erasures(self, client, scene)
        self.before = (self.targets.tend,)
        self.deck = {
            self.replays.one: 4,
            self.replays.of_event: 2,
            self.replays.by_filters: 2,
            self.replays.pause: 1,
            self.replays.steer: 2,
            self.backfills.late_rule: 2,
            self.bursts.post: 2,
            self.targets.vanish: 1,
            self.erasures.erase: 2,
        }

    def complete(self) -> None:
        """Stop, but for what nobody came to do so far."""
        self.end()
        kinds = {
            "replay of one": self.replays.one,
            "replay of an event's failed": self.replays.of_event,
            "replay by": self.replays.by_filters,
            "jobs paused": self.replays.pause,
            "rules made late": self.backfills.late_rule,
            "tags vanished": self.targets.vanish,
            "people erased": self.erasures.erase,
        }
        for kind, deed in kinds.items():
            if not any(name.startswith(kind) for name in +self.counts):
                self.attempt(deed)

    def tend(self) -> None:
        """Look after what waits for a person, as long as there is such."""
        for deed in (self.replays.resume_all, self.targets.repair, self.erasures.ask_again):
            self.attempt(deed)
