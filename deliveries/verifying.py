"""Proves history against itself: sums, matches and the order in which things were applied.

Reads only. What it reports as a fault can be seen in our own tables; whether the account
agrees is not asked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from deliveries.books import Figures, of_workspace, recount
from deliveries.claiming import TABLE
from deliveries.folding import Folded, fold
from deliveries.models import Attempt, Delivery, Event
from deliveries.rematching import rematch
from meshes.hidden import shown

ATTEMPTS = Attempt._meta.db_table
SHOWN = 20
"""So many rows are named per kind of fault; all are counted."""

SWAPPED_SQL = f"""
SELECT s.id FROM (
  SELECT t.id, t.applied_id, MAX(t.applied_id) OVER (
    PARTITION BY t.account_id, t.email, t.target_kind, t.target_id ORDER BY t.id
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM {TABLE} t
  WHERE t.status = 'completed' AND t.applied_id IS NOT NULL AND t.email <> ''
    AND t.trigger = 'live' AND t.released_at IS NULL AND {{mine}}) AS s
WHERE s.before > s.applied_id ORDER BY s.id
"""  # noqa: S608
UNPROVED_SQL = f"""
SELECT t.id FROM {TABLE} t LEFT JOIN {ATTEMPTS} a ON a.id = t.applied_id
WHERE t.status = 'completed' AND {{mine}}
  AND (a.id IS NULL OR a.delivery_id <> t.id OR a.outcome <> 'delivered') ORDER BY t.id
"""  # noqa: S608
UNTOLD_SQL = f"""
SELECT t.id FROM {TABLE} t JOIN {ATTEMPTS} a ON a.delivery_id = t.id
WHERE t.status IN ('failed', 'canceled') AND t.applied_id IS NULL
  AND a.number = t.attempt_count AND a.outcome = 'delivered'
  AND (t.run_attempts > 0 OR t.trigger = 'live') AND {{mine}} ORDER BY t.id
"""  # noqa: S608
CHECKS = (
    (SWAPPED_SQL, "it was applied before an earlier delivery to the same person and target"),
    (UNPROVED_SQL, "it is completed, but no delivered attempt of its own says so"),
    (UNTOLD_SQL, "its last attempt delivered, but it is not completed"),
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified, and a sentence for each thing that does not add up."""

    figures: Figures
    seed: int
    sampled: int
    skipped: int
    folded: Folded
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything adds up."""
        return not self.faults


def verify(*, sample: int, seed: int, workspace_id: UUID | None = None) -> Verification:
    """All sums, all orders, and the matches of a random sample of events.

    Shape: the same seed draws the same events while none comes or goes.
    """
    counted = recount(workspace_id)
    ids = _drawn(sample, seed=seed, workspace_id=workspace_id)
    matched = rematch(ids)
    faults = [*counted.faults, *matched.faults]
    for statement, sentence in CHECKS:
        faults += _named(_ids(statement, workspace_id), sentence)
    return Verification(
        figures=counted.figures,
        seed=seed,
        sampled=matched.checked,
        skipped=len(ids) - matched.checked,
        folded=fold(workspace_id),
        faults=faults,
    )


def _drawn(sample: int, *, seed: int, workspace_id: UUID | None) -> list[int]:
    """So many events by chance, each as likely as any other, in one pass."""
    events = (
        Event.objects.filter(shown(), is_test=False).order_by("pk").values_list("pk", flat=True)
    )
    if workspace_id is not None:
        events = events.filter(workspace=workspace_id)
    chance, drawn = random.Random(seed), []  # noqa: S311  a sample, not a secret
    for place, pk in enumerate(events.iterator(chunk_size=10_000)):
        if place < sample:
            drawn.append(pk)
        elif (at := chance.randrange(place + 1)) < sample:
            drawn[at] = pk
    return sorted(drawn)


def _ids(statement: str, workspace_id: UUID | None) -> list[int]:
    mine, values = of_workspace(workspace_id)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(mine=mine), values)
        return [pk for (pk,) in cursor.fetchall()]


def _named(ids: list[int], sentence: str) -> Iterator[str]:
    rows = Delivery.objects.filter(pk__in=ids[:SHOWN]).order_by("pk")
    for number, public in rows.values_list("pk", "uuid"):
        yield f"Delivery {number} ({public}): {sentence}."
    if len(ids) > SHOWN:
        yield f"{len(ids) - SHOWN:,} more deliveries: {sentence}."
