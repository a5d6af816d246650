"""How far workspaces are with the first steps, told by the rows that the steps make.

Nothing is stored for it: whoever made a step elsewhere has made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from connections.models import Connection
from deliveries.models import Found, Rollup, Status, Trial
from deliveries.rollups import DELIVERIES
from meshes.models import PublishableKey, Workspace
from rules.models import Rule

STEPS = ("key", "connection", "rule", "test")
NEXT = {
    "key": "create its key",
    "connection": "connect ActiveCampaign",
    "rule": "make a rule",
    "test": "send a test event",
}
DELIVERED = f"{DELIVERIES}.{Status.COMPLETED}"
CONFIRMED = {
    "event__deliveries__status": Status.COMPLETED,
    "event__deliveries__found": Found.AS_WANTED,
    "event__deliveries__read_back_at__isnull": False,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """Which of the steps a workspace has behind it."""

    done: frozenset[str]

    @property
    def count(self) -> int:
        """How many are done."""
        return len(self.done)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.count == len(STEPS)

    @property
    def words(self) -> str:
        """How many of all: `2 of 4 steps done`."""
        return f"{self.count} of {len(STEPS)} steps done"

    @property
    def next(self) -> str:
        """The first step that is open, as something to do; '' after the last."""
        return next((NEXT[name] for name in STEPS if name not in self.done), "")


NOTHING = Progress(frozenset())


def address_of(workspace_id: Any) -> str:
    """Where the guide of this workspace is; without one, the guide chooses."""
    page = reverse("guide")
    return f"{page}?workspace={workspace_id}" if workspace_id else page


def progress_of(workspaces: Iterable[Workspace], *, now: datetime) -> dict[UUID, Progress]:
    """How far each of these is; one query."""
    rows = judged(Workspace.objects.filter(pk__in=[each.pk for each in workspaces]), now=now)
    return {row.pk: read(row) for row in rows}


def judged(workspaces: QuerySet[Any], *, now: datetime) -> QuerySet[Any]:
    """The workspaces, each with whether its steps are done as `has_key` and so on."""
    here = {"workspace": OuterRef("pk")}
    connections = Connection.objects.enabled().filter(last_check__ok=True, **here)
    rules = Rule.objects.enabled().filter(held_reason="", **here)
    found: QuerySet[Any] = workspaces.annotate(
        has_key=Exists(PublishableKey.objects.usable(now).filter(**here)),
        has_connection=Exists(connections),
        has_rule=Exists(rules),
        has_test=Exists(confirmed().filter(**here)),
        has_delivered=Exists(Rollup.objects.filter(measure=DELIVERED, count__gt=0, **here)),
    )
    return found


def confirmed() -> QuerySet[Any]:
    """The test events whose contact was read back as the rule wants it."""
    return Trial.objects.filter(**CONFIRMED)


def read(row: Any) -> Progress:
    """The progress that a judged workspace tells.

    Why: where real events have been delivered, nobody needs a test any more.
    """
    done = {name for name in STEPS if getattr(row, f"has_{name}")}
    return Progress(frozenset(done | ({"test"} if row.has_delivered else set())))
