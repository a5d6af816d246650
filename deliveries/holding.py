"""Deliveries that wait for the repair of their rule's target, and their release after it.

A rule is held when an attempt finds that its tag or list is gone; matching goes on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Value
from django.db.models.expressions import Combinable

from connections.catalog import note_found, note_gone
from connections.clock import database_now
from deliveries.calling_off import BEFORE, can_be_called_off, remembered
from deliveries.claiming import TABLE, WAITING_SQL, as_uuid
from deliveries.locking import update_free
from deliveries.models import WAITING, Delivery, Status
from deliveries.moving import LANE, columns_of
from deliveries.outcomes import TARGET_REASONS
from rules.errors import RuleGone
from rules.models import Rule
from rules.repairing import follow, release_one
from rules.saving import TARGET, hold_rule

RELEASED_AT_ONCE = 200
HELD_AT_ONCE = 1000

# Literals, so that SQLite, too, reads only the rows of the partial indexes, every second.
REASONS_SQL = ", ".join(f"'{reason}'" for reason in sorted(TARGET_REASONS))
READY_SQL = f"""
SELECT r.id FROM rules_rule r
WHERE r.deleted_at IS NULL AND r.held_reason = '' AND EXISTS (
  SELECT 1 FROM {TABLE} h WHERE h.rule_id = r.id
  AND NOT (h.held_reason = '') AND h.held_reason IN ({REASONS_SQL}))
"""  # noqa: S608
REPAIRED_SQL = f"""
SELECT id FROM {TABLE}
WHERE rule_id = %s AND NOT (held_reason = '') AND held_reason = %s
ORDER BY id LIMIT {RELEASED_AT_ONCE}
"""  # noqa: S608
WAITING_TOO_SQL = f"""
SELECT d.id FROM {TABLE} d
WHERE {WAITING_SQL.format("d")} AND d.account_id = %s AND d.rule_id = %s
  AND d.action = %s AND d.target_id = %s LIMIT {HELD_AT_ONCE}
"""  # noqa: S608

log = structlog.get_logger(__name__)


def hold_for_rule(delivery: Delivery, *, reason: str, now: datetime, by: str = "system") -> int:
    """How many waiting deliveries now wait for a repair, because the target is gone.

    Shape: the delivery whose attempt found it out is in hand, and not among
    them. Nothing is held for a target that the rule has no longer; such a
    delivery goes out again with the present one.
    """
    note_gone(
        delivery.account_id,
        kind=delivery.target_kind,
        external_id=delivery.target_id,
        label=delivery.rule_version.target_label,
        now=now,
    )
    rule = Rule.objects.live().filter(pk=delivery.rule_id).first()
    if rule is None or any(getattr(rule, name) != getattr(delivery, name) for name in TARGET):
        return 0
    try:
        hold_rule(rule, reason=reason, by=by, now=now)
    except RuleGone:
        return 0
    log.warning("rule_held", rule_id=str(rule.pk), reason=reason)
    return _hold_waiting(delivery.account_id, rule, reason=reason)


def follow_target(delivery: Delivery, *, target_id: str, now: datetime) -> None:
    """Let every rule of the target go on with the one that was made anew under its name.

    Shape: the delivery was completed with the new one, or takes its turn
    there. Why: what waits for the old id must stand in the order of the new
    one, which is the same tag or list for everybody. A rule that takes it away
    would never notice, as nobody holds what is gone.
    """
    reason = f"{delivery.target_kind}_not_found"
    hold_for_rule(delivery, reason=reason, now=now)
    note_found(
        delivery.account_id,
        kind="list" if delivery.target_kind == "list" else "tag",
        external_id=target_id,
        label=delivery.rule_version.target_label,
        now=now,
    )
    release_one(delivery.rule_id, now=now)
    account_id, kind, old = delivery.account_id, delivery.target_kind, delivery.target_id
    for rule in follow(account_id, kind=kind, external_id=old, now=now):
        _hold_waiting(account_id, rule, reason=reason)


def _hold_waiting(account_id: int, rule: Rule, *, reason: str) -> int:
    """How many deliveries of this target wait; the release of repaired ones moves them."""
    asked = [account_id, as_uuid(rule.pk), rule.action, rule.target_id]
    return sum(iter(lambda: _hold_some(asked, reason), 0))


def _hold_some(asked: list[Any], reason: str) -> int:
    waiting = [row.pk for row in Delivery.objects.raw(WAITING_TOO_SQL, asked)]
    changes = {"status": Status.PENDING, "held_reason": reason, "held_at": database_now()}
    return update_free(Delivery.objects.filter(WAITING), waiting, **changes)


def release_repaired() -> int:
    """How many deliveries go on with the repaired target of their rule.

    Shape: the oldest of each rule first, a slice at a time.
    Why: the rules are asked for first, as the held ones may be very many; a
    slice that another process has in hand is left to it.
    """
    ready = [row.pk for row in Rule.objects.raw(READY_SQL)]
    return sum(_release(rule, reason) for rule in ready for reason in sorted(TARGET_REASONS))


def _release(rule_id: UUID, reason: str) -> int:
    asked = [as_uuid(rule_id), reason]
    repaired = [row.pk for row in Delivery.objects.raw(REPAIRED_SQL, asked)]
    now = database_now()
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        held = rows.filter(pk__in=repaired, held_reason__in=TARGET_REASONS)
        released = list(held.select_related("rule__current__connection").order_by("pk"))
        for delivery in released:
            Delivery.objects.filter(pk=delivery.pk).update(**_released(delivery, now=now))
    return len(released)


def _released(delivery: Delivery, *, now: datetime) -> dict[str, Any]:
    return {
        "held_reason": "",
        "held_at": None,
        "released_at": now,
        "next_attempt_at": now,
        "retry_until": extended(now),
        **_moved(delivery),
    }


def _moved(delivery: Delivery) -> dict[str, Any]:
    """The columns that lead to the repaired target; the lane's email never changes."""
    version = delivery.rule.current
    wanted = columns_of(version) if version else {}
    moved = {name: value for name, value in wanted.items() if getattr(delivery, name) != value}
    if set(LANE) & set(moved):
        moved["applied_id"] = None
    if moved and can_be_called_off(delivery) and BEFORE not in delivery.progress:
        moved["progress"] = remembered(delivery)
    return moved


def extended(now: datetime) -> Combinable:
    """`retry_until` after a hold that ends now, as an expression.

    Why: time spent waiting for a person is added to the time for retries.
    """
    return ExpressionWrapper(
        F("retry_until") + (Value(now, DateTimeField()) - F("held_at")), DateTimeField()
    )
