"""A tag that vanishes from an account, and how its rule is repaired."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from tests.faults.actors import Actor
from tests.faults.sandboxes import Sandbox
from tests.faults.scene import BY, REBOUND, VANISHING, Scene

AWAY_S = 6.0


class Targets:
    """The deeds; `gone` are the accounts and ids of tags that were deleted.

    Shape: `ids` gives every id that a name has had, in order.
    """

    def __init__(self, actor: Actor, scene: Scene, sandbox: Sandbox) -> None:
        self.gone: set[tuple[str, str]] = set()
        self.ids: dict[str, list[str]] = {}
        self._actor, self._scene, self._sandbox = actor, scene, sandbox
        self._back_at: float | None = None

    def vanish(self) -> None:
        """Delete the tag that the rule adds now."""
        if self._back_at is not None:
            return
        name = self._label()
        target = self._tags().get(name)
        if target is None:
            return
        self._note(name, target)
        self.gone.add((self._sandbox.name, target))
        self._sandbox.act("tags/delete", id=target)
        self._back_at = time.monotonic() + AWAY_S
        self._actor.counts["tags vanished"] += 1

    def tend(self) -> None:
        """Repair the rule once its tag was away for long enough."""
        if self._back_at is None or time.monotonic() < self._back_at:
            return
        if self._actor.dice.randrange(2):
            self._make_anew(self._label())
            self._actor.counts["tags made anew"] += 1
        elif self._rebind(REBOUND if self._label() == VANISHING else VANISHING):
            self._actor.counts["rules bound to another tag"] += 1
        else:
            return
        self._back_at = None

    def repair(self) -> None:
        """Read the account anew and release what can go on, as at the end nothing is missing."""
        from deliveries.models import Delivery
        from rules.models import Rule

        self._back_at = 0.0 if self._back_at is not None else None
        self.tend()
        waiting = Delivery.objects.filter(held_reason="tag_not_found").exists()
        if waiting or Rule.objects.live().exclude(held_reason="").exists():
            self._make_anew(self._label())

    def _make_anew(self, name: str) -> None:
        from django.utils import timezone

        from rules.repairing import release_returned

        self._present(name)
        release_returned(now=timezone.now())

    def _rebind(self, name: str) -> bool:
        """Whether the rule adds the tag of this name now; not while it cannot be read."""
        from django.utils import timezone

        from rules.errors import TargetUnknown
        from rules.saving import draft_of, save_rule

        rule, target = self._rule(), self._present(name)
        draft = replace(draft_of(rule), target_id=target)
        try:
            save_rule(rule, draft=draft, by=BY, now=timezone.now())
        except TargetUnknown:
            return False
        return True

    def _present(self, name: str) -> str:
        """The id of the tag of this name, made where it is missing, once we have read of it."""
        from django.utils import timezone

        from connections.catalog import CatalogUnreadable, refresh_catalog

        tags = self._tags()
        if name not in tags:
            tags[name] = str(self._sandbox.act("tags", name=name)["id"])
        self._note(name, tags[name])
        for _ in range(5):
            try:
                refresh_catalog(self._rule().connection, now=timezone.now())
                break
            except CatalogUnreadable:
                time.sleep(0.5)
        return tags[name]

    def _tags(self) -> dict[str, str]:
        """The ids of the account's tags by name."""
        return {name: number for number, name in self._sandbox.read("state")["tags"].items()}

    def _note(self, name: str, target: str) -> None:
        known = self.ids.setdefault(name, [])
        if target not in known:
            known.append(target)

    def _label(self) -> str:
        return str(self._rule().target_label)

    def _rule(self) -> Any:
        from rules.models import Rule

        rules = Rule.objects.select_related("connection__account", "workspace")
        return rules.get(pk=self._scene.vanishing.pk)
