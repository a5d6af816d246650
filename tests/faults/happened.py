"""What the database says after a run, as plain rows for the checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.faults.folding import Key

LOST = ("internal_error",)
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery with what its attempts say together.

    Shape: `effect` is that of the attempt that completed it; `lost` counts
    the attempts whose end nobody wrote down. `first_name` is what the event
    says, which adding and syncing write to the contact. `released` says that
    it was held for a while, during which it let later ones pass.
    """

    id: int
    event_id: int
    rule_id: Any
    version_id: Any
    key: Key
    action: str
    status: str
    held_reason: str
    next_attempt_at: datetime
    applied_id: int | None
    reason: str
    attempts: int
    lost: int
    effect: str
    first_name: str = ""
    released: bool = False


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt."""

    id: int
    delivery_id: int
    outcome: str
    reason: str
    effect: str
    lease_token: Any
    started_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Happened:
    """All deliveries in their order, all attempts, and the database's time."""

    deliveries: list[DeliveryRow]
    attempts: list[AttemptRow]
    now: datetime


def read(accounts: Mapping[int, str]) -> Happened:
    """Everything that the checks need."""
    from connections.clock import database_now

    attempts = _attempts()
    of_delivery: defaultdict[int, list[AttemptRow]] = defaultdict(list)
    for attempt in attempts:
        of_delivery[attempt.delivery_id].append(attempt)
    return Happened(_deliveries(accounts, of_delivery), attempts, database_now())


def _attempts() -> list[AttemptRow]:
    from deliveries.models import Attempt

    names = list(AttemptRow.__slots__)
    rows = Attempt.objects.order_by("pk").values_list(*names)
    return [AttemptRow(*row) for row in rows.iterator(CHUNK)]


def _deliveries(
    accounts: Mapping[int, str], attempts: Mapping[int, list[AttemptRow]]
) -> list[DeliveryRow]:
    from deliveries.models import Delivery

    names = (
        "id event_id rule_id rule_version_id account_id email target_kind target_id action "
        "status held_reason next_attempt_at applied_id reason released_at "
        "event__payload__first_name"
    ).split()
    rows = Delivery.objects.order_by("pk").values(*names)
    return [_delivery(row, accounts, attempts.get(row["id"], [])) for row in rows.iterator(CHUNK)]


def _delivery(
    row: dict[str, Any], accounts: Mapping[int, str], attempts: list[AttemptRow]
) -> DeliveryRow:
    effects = [attempt.effect for attempt in attempts if attempt.id == row["applied_id"]]
    kind, target = row["target_kind"], row["target_id"]
    return DeliveryRow(
        id=row["id"],
        event_id=row["event_id"],
        rule_id=row["rule_id"],
        version_id=row["rule_version_id"],
        key=(accounts.get(row["account_id"], "?"), row["email"], kind, target),
        action=row["action"],
        status=row["status"],
        held_reason=row["held_reason"],
        next_attempt_at=row["next_attempt_at"],
        applied_id=row["applied_id"],
        reason=row["reason"],
        attempts=len(attempts),
        lost=sum(attempt.outcome in LOST for attempt in attempts),
        effect=effects[0] if effects else "",
        released=row["released_at"] is not None,
        first_name=name if isinstance(name := row["event__payload__first_name"], str) else "",
    )
