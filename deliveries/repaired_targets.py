"""Whether a delivery goes to another tag or list than its event asked for, in words."""

from __future__ import annotations

from deliveries import wording
from deliveries.models import Delivery
from rules.models import RuleVersion


def repaired_target(delivery: Delivery) -> str:
    """What a released delivery uses now, and what it was to use; empty when that is the same.

    Why: only a release moves a delivery by itself, so others ask no database.
    """
    used, event = delivery.rule_version, delivery.event
    if delivery.released_at is None or used.rules_version <= event.rules_version:
        return ""
    valid = RuleVersion.objects.filter(
        rule=delivery.rule_id, rules_version__lte=event.rules_version
    )
    asked = valid.order_by("-number").first()
    if asked is None or asked.target_id == delivery.target_id:
        return ""
    now = wording.target_name(used.target_label, delivery.target_id)
    was = wording.target_name(asked.target_label, asked.target_id)
    if now == was:
        return f"uses the repaired target: {now} under its new number {delivery.target_id}"
    return f"uses the repaired target: {now} (was {was})"
