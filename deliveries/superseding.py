"""Whether a later delivery has already decided what a target holds.

Asked at send time, while the lane is in hand, so that nobody can decide meanwhile.
"""

from __future__ import annotations

from django.db.models import Max, Q, QuerySet

from connections import destinations
from deliveries.claiming import EARLIER_SQL, TABLE
from deliveries.models import Attempt, Delivery, Outcome, Trigger

SUPERSEDED = "superseded"
ASKED_FOR = (Trigger.REPLAY, Trigger.BACKFILL)
ATTEMPTS = Attempt._meta.db_table

WAITS_SQL = f"SELECT d.id FROM {TABLE} d WHERE d.id = %s AND {EARLIER_SQL.format(target='%s')}"  # noqa: S608

# Rather too often than too seldom: whoever is among these asks `is_superseded` before it goes.
LATE_SQL = "NOT d.insist AND NOT (d.trigger = 'live' AND d.released_at IS NULL)"
APPLIED_LATER_SQL = f"""EXISTS (
      SELECT 1 FROM {TABLE} b WHERE b.account_id = d.account_id AND b.email = d.email
      AND b.target_kind = d.target_kind AND b.target_id = d.target_id AND b.id <> d.id
      AND b.applied_id IS NOT NULL AND b.applied_id > COALESCE(d.applied_id, 0))"""  # noqa: S608
MOVED_SINCE_SQL = f"""EXISTS (
      SELECT 1 FROM {TABLE} b JOIN {ATTEMPTS} t ON t.delivery_id = b.id
      WHERE b.workspace_id = d.workspace_id AND b.email = d.email AND b.id <> d.id
      AND (b.trigger = 'replay' OR b.released_at IS NOT NULL)
      AND t.outcome = 'delivered' AND t.target_id = d.target_id
      AND t.id > COALESCE(d.applied_id, 0))"""  # noqa: S608


def is_superseded(delivery: Delivery) -> bool:
    """Whether sending this now would undo what a later event brought about.

    Shape: False for deliveries that were never out of order, and for those
    that a person insists on.
    """
    late = delivery.trigger in ASKED_FOR or delivery.released_at is not None
    return late and not delivery.insist and _decided_later(delivery, delivery.target_id)


def is_out_of_turn(delivery: Delivery, *, target_id: str) -> bool:
    """Whether going on at this other id of its target would pass another delivery there.

    Why: a delivery keeps its turn among those of its own target id; those of
    a target that was made anew did not wait for it, nor it for them.
    """
    if not delivery.insist and _decided_later(delivery, target_id):
        return True
    return bool(list(Delivery.objects.raw(WAITS_SQL, [delivery.pk, target_id])))


def _decided_later(delivery: Delivery, target_id: str) -> bool:
    """Whether a delivery of a later event was applied to the target after this one.

    Why: it is later also where a backfill made its row late. What a test
    brought about decides nothing, as it may be cleaned up.
    """
    later = Q(event_id__gt=delivery.event_id) | Q(event_id=delivery.event_id, id__gt=delivery.pk)
    rows = Delivery.objects.filter(later, email=delivery.email, is_test=False)
    there = Q(account_id=delivery.account_id, target_kind=delivery.target_kind, target_id=target_id)
    own = _applied_here(delivery, target_id)
    if rows.filter(there, applied_id__gt=own).exists():
        return True
    moved = _moved_since(rows, delivery, there)
    return bool(delivery.email) and _were_applied(moved, delivery, target_id, after=own)


def _moved_since(rows: QuerySet[Delivery], delivery: Delivery, there: Q) -> QuerySet[Delivery]:
    """Those among the rows that a replay or a repair may have led away from the target."""
    led = Q(trigger=Trigger.REPLAY) | Q(released_at__isnull=False)
    away = ~there | Q(applied_id__isnull=True)
    return rows.filter(led, away, workspace_id=delivery.workspace_id)


def _applied_here(delivery: Delivery, target_id: str) -> int:
    """The attempt that applied this delivery to the target last, 0 when none did."""
    if delivery.applied_id is not None and target_id == delivery.target_id:
        return int(delivery.applied_id)
    own = _applications(delivery, target_id).filter(delivery=delivery)
    return own.aggregate(last=Max("pk"))["last"] or 0


def _were_applied(rows: QuerySet[Delivery], like: Delivery, target_id: str, *, after: int) -> bool:
    """Whether one of these was applied to the target after that attempt."""
    found = _applications(like, target_id).filter(delivery__in=rows, pk__gt=after)
    # Not `exists`, whose LIMIT can lead PostgreSQL through all attempts there are.
    return bool(list(found.values_list("pk", flat=True)))


def _applications(like: Delivery, target_id: str) -> QuerySet[Attempt]:
    """The attempts that applied something to the target.

    Why: a replay moves deliveries, never attempts. Their actions are asked
    too, as a tag and a list may have the same id.
    """
    actions = destinations.any_destination(like.connection.kind).actions
    return Attempt.objects.filter(
        outcome=Outcome.DELIVERED,
        target_id=target_id,
        connection__account_id=like.account_id,
        rule_version__action__in=[a.key for a in actions if a.target_kind == like.target_kind],
    )
