"""Somebody who makes a rule late, and applies it to what happened before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.faults.actors import Actor
from tests.faults.scene import ACCOUNTS, BY, LATE, LIST_B, PAGES, TAG_A, TAG_B, add_rule

LATE_FROM, TRIES = 0.35, 5
LINES = (
    *(("add_tag", tag) for tag in LATE),
    ("add_tag", TAG_A),
    ("remove_tag", TAG_B),
    ("add_to_list", LIST_B),
)


@dataclass(frozen=True, slots=True)
class Backfilled:
    """A rule that was applied to the events of a period."""

    rule_id: Any
    since: datetime
    until: datetime


class Backfills:
    """The deed; `done` are the backfills that were started.

    Shape: `share` says how much of the run is over.
    """

    def __init__(self, actor: Actor, share: Callable[[], float]) -> None:
        self.done: list[Backfilled] = []
        self._actor, self._dice, self._share = actor, actor.dice, share

    def late_rule(self) -> None:
        """Make a rule that earlier events would have matched, and backfill it."""
        if self._share() < LATE_FROM:
            return
        from connections.models import Connection
        from deliveries.backfilling import CannotBackfill
        from rules.errors import RuleExists

        for _ in range(TRIES):
            connection = Connection.objects.get(name=self._dice.choice(ACCOUNTS))
            line = (self._dice.choice(PAGES), *self._dice.choice(LINES))
            try:
                self._backfill(add_rule(connection, line))
            except (RuleExists, CannotBackfill):
                continue  # such a rule is there, or it would reach nobody
            return

    def _backfill(self, rule: Any) -> None:
        from django.utils import timezone

        from deliveries import backfilling

        now = timezone.now()
        since = now - timedelta(days=1)
        backfilling.start(rule, since=since, until=now, by=BY, now=now)
        self.done.append(Backfilled(rule.pk, since, now))
        self._actor.counts["rules made late and backfilled"] += 1
