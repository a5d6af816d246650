"""Which events a workspace's product really sends: the combinations seen lately.

Why: a bounded look at the newest events, so that a million of them cost as much as five thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from deliveries.models import Event

MOST_READ = 5_000
MOST_TOLD = 200
COLUMNS = ("event", "resource", "resource_id", "page_id", "sequence_step")


@dataclass(slots=True)
class Combination:
    """One kind of event, with its newest page title and how often it came."""

    event: str
    resource: str
    resource_id: str
    page_id: str
    sequence_step: str
    page_title: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What came lately; `looked_at` events were read, the most frequent combination first."""

    looked_at: int
    combinations: tuple[Combination, ...]


def seen_lately(workspace_id: UUID) -> Seen:
    """The combinations among the workspace's newest events, test events left out."""
    newest = Event.objects.filter(workspace=workspace_id).order_by("-pk")
    rows = newest.values_list(*COLUMNS, "page_title", "is_test")[:MOST_READ]
    found: dict[tuple[str, ...], Combination] = {}
    looked_at = 0
    for *key, title, is_test in rows:
        looked_at += 1
        if not is_test:
            one = found.setdefault(tuple(key), Combination(*key))
            one.count += 1
            one.page_title = one.page_title or title
    ordered = sorted(found.values(), key=lambda one: -one.count)
    return Seen(looked_at, tuple(ordered[:MOST_TOLD]))


def titles_of(workspace_id: UUID) -> dict[str, str]:
    """The title of each page that the newest events named, by its id."""
    named = [one for one in seen_lately(workspace_id).combinations if one.page_title]
    return {one.page_id: one.page_title for one in reversed(named)}
