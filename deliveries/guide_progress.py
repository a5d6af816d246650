"""How far workspaces are with the first steps, told by the rows that the steps make.

Nothing is stored for it: whoever made a step elsewhere has made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse

from connections.models import Connection
from connections.states import REFUSED
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
REFUSED_NEXT = "enter a working key for its connection"
BROKEN_NEXT = "get its connection to work"
DELIVERED = f"{DELIVERIES}.{Status.COMPLETED}"
CONFIRMED = {
    "event__deliveries__status": Status.COMPLETED,
    "event__deliveries__found": Found.AS_WANTED,
    "event__deliveries__read_back_at__isnull": False,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """Which of the steps a workspace has behind it.

    Shape: `connection` is its newest one, None without any; `refused` says
    whether that one's key is not accepted.
    """

    done: frozenset[str]
    connection: UUID | None = None
    refused: bool = False

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
        if self.needs_repair:
            return REFUSED_NEXT if self.refused else BROKEN_NEXT
        return NEXT.get(self._open, "")

    @property
    def needs_repair(self) -> bool:
        """Whether the step that is open is a connection that is there and does not work."""
        return self._open == "connection" and self.connection is not None

    @property
    def _open(self) -> str:
        return next((name for name in STEPS if name not in self.done), "")


NOTHING = Progress(frozenset())


def address_of(workspace_id: Any) -> str:
    """Where the guide of this workspace is; without one, the guide chooses."""
    page = reverse("guide")
    return f"{page}?workspace={workspace_id}" if workspace_id else page


def next_address(user: Any, workspace_id: UUID, progress: Progress) -> str:
    """Where the next step is taken: a connection that does not work, else the guide."""
    if progress.needs_repair and user.has_perm("connections.view_connection"):
        return reverse("admin:connections_connection_change", args=[progress.connection])
    return address_of(workspace_id)


def progress_of(workspaces: Iterable[Workspace], *, now: datetime) -> dict[UUID, Progress]:
    """How far each of these is; one query."""
    rows = judged(Workspace.objects.filter(pk__in=[each.pk for each in workspaces]), now=now)
    return {row.pk: read(row) for row in rows}


def judged(workspaces: QuerySet[Any], *, now: datetime) -> QuerySet[Any]:
    """The workspaces, each with whether its steps are done as `has_key` and so on."""
    here = {"workspace": OuterRef("pk")}
    connections = Connection.objects.enabled().filter(last_check__ok=True, **here)
    newest = Connection.objects.live().filter(**here).order_by("-created_at")
    rules = Rule.objects.enabled().filter(held_reason="", **here)
    found: QuerySet[Any] = workspaces.annotate(
        has_key=Exists(PublishableKey.objects.usable(now).filter(**here)),
        has_connection=Exists(connections),
        connection_pk=Subquery(newest.values("pk")[:1]),
        connection_off=Subquery(newest.values("inactive_reason")[:1]),
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
    return Progress(
        frozenset(done | ({"test"} if row.has_delivered else set())),
        connection=row.connection_pk,
        refused=row.connection_off == REFUSED,
    )
