"""Whether a later delivery has already decided what a target holds.

Asked at send time, while the lane is in hand, so that nobody can decide meanwhile.
"""

from __future__ import annotations

from django.db.models import Q

from connections import destinations
from deliveries.claiming import EARLIER_SQL, TABLE
from deliveries.models import Attempt, Delivery, Outcome, Trigger

SUPERSEDED = "superseded"
ASKED_FOR = (Trigger.REPLAY, Trigger.BACKFILL)
ATTEMPTS = Attempt._meta.db_table

WAITS_SQL = f"SELECT d.id FROM {TABLE} d WHERE d.id = %s AND {EARLIER_SQL.format(target='%s')}"  # noqa: S608

# A person's rows are found by the account where they were applied last, and by the workspace
# where a replay has moved them since.
APPLIED = "b.account_id = d.account_id AND b.applied_id IS NOT NULL"
MOVED = "b.workspace_id = d.workspace_id"

# Rather too often than too seldom: whoever is among these asks `is_superseded` before it goes.
DECIDED_SQL = f"""EXISTS (
      SELECT 1 FROM {TABLE} b JOIN {ATTEMPTS} t ON t.delivery_id = b.id
      WHERE {{theirs}} AND b.email = d.email AND b.id <> d.id
      AND t.outcome = 'delivered' AND t.target_id = d.target_id
      AND t.id > COALESCE(d.applied_id, 0))"""  # noqa: S608
PERHAPS_SUPERSEDED_SQL = f"""NOT d.insist AND NOT (d.trigger = 'live' AND d.released_at IS NULL)
    AND ({DECIDED_SQL.format(theirs=APPLIED)} OR {DECIDED_SQL.format(theirs=MOVED)})"""


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

    Why: it is later also where a backfill made its row late. The attempts are
    asked, as a replay may have moved the delivery elsewhere since. What a test
    brought about decides nothing, as it may be cleaned up.
    """
    if not delivery.email:
        return False
    later = Q(event_id__gt=delivery.event_id) | Q(event_id=delivery.event_id, id__gt=delivery.pk)
    applied = Q(account_id=delivery.account_id, applied_id__isnull=False)
    theirs = applied | Q(workspace_id=delivery.workspace_id)
    rows = Delivery.objects.filter(
        Q(pk=delivery.pk) | later & Q(is_test=False), theirs, email=delivery.email
    )
    attempts = Attempt.objects.filter(
        delivery__in=rows,
        outcome=Outcome.DELIVERED,
        target_id=target_id,
        connection__account_id=delivery.account_id,
        rule_version__action__in=_actions_alike(delivery),
    )
    last = max(attempts.values_list("pk", "delivery"), default=(0, delivery.pk))
    return last[1] != delivery.pk


def _actions_alike(delivery: Delivery) -> list[str]:
    """The actions on this kind of target, as a tag and a list may have the same id."""
    actions = destinations.any_destination(delivery.connection.kind).actions
    return [action.key for action in actions if action.target_kind == delivery.target_kind]
