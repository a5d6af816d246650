"""What the database says after a run, as plain rows for the checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.faults.folding import Key
from tests.faults.posted import Posted

LOST = ("internal_error",)
IN_DOUBT = ("import_unconfirmed", "import_unfinished", "import_rejected")
ASKED_FOR = ("replay", "backfill")
KINDS = {"add_tag": "tag", "remove_tag": "tag", "add_to_list": "list", "remove_from_list": "list"}
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt; `key` and `action` say what it was to change, which a delivery may leave."""

    id: int
    delivery_id: int
    outcome: str
    reason: str
    effect: str
    lease_token: Any
    started_at: datetime
    completed_at: datetime | None
    trigger: str
    key: Key
    action: str

    @property
    def delivered(self) -> bool:
        """Whether history says that it was applied."""
        return self.outcome == "delivered"

    @property
    def lost(self) -> bool:
        """Whether nobody learned how it ended, or an import left that open."""
        return self.outcome in LOST or self.reason in IN_DOUBT


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery with what its attempts say together.

    Shape: `effect` is that of the attempt that completed it; `lost` counts
    the attempts whose end nobody wrote down. `first_name` is what the event
    says, which adding and syncing write to the contact. `released` says that
    it was held for a while, during which it let later ones pass; `late` that
    it was so or that a person asked for a run of it. `backfilled` deliveries
    were made long after their event.
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
    late: bool = False
    backfilled: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """All deliveries in their order, all attempts, and the database's time."""

    deliveries: list[DeliveryRow]
    attempts: list[AttemptRow]
    now: datetime


@dataclass(frozen=True, slots=True)
class Lookup:
    """What rows do not say by themselves: the accounts' names, and erased events."""

    accounts: Mapping[int, str]
    posted: Mapping[str, Posted]

    def email(self, row: Mapping[str, Any]) -> str:
        """The address of a delivery, also after its person was erased."""
        from rules.facts import normalized_email

        known = self.posted.get(str(row["event__uuid"]))
        if row["email"] or row["event__erased_at"] is None or known is None:
            return str(row["email"])
        return normalized_email(known.text("email"))

    def first_name(self, row: Mapping[str, Any]) -> str:
        """What the event says, also after it was blanked."""
        known = self.posted.get(str(row["event__uuid"]))
        if row["event__erased_at"] is not None and known is not None:
            return known.text("first_name")
        said = row["event__payload__first_name"]
        return said if isinstance(said, str) else ""


def read(accounts: Mapping[int, str], posted: Mapping[str, Posted]) -> Happened:
    """Everything that the checks need."""
    from connections.clock import database_now

    lookup = Lookup(accounts, posted)
    rows = _rows()
    attempts = _attempts(lookup, {row["id"]: lookup.email(row) for row in rows})
    of_delivery: defaultdict[int, list[AttemptRow]] = defaultdict(list)
    for attempt in attempts:
        of_delivery[attempt.delivery_id].append(attempt)
    deliveries = [_delivery(row, lookup, of_delivery[row["id"]]) for row in rows]
    return Happened(deliveries, attempts, database_now())


def _rows() -> list[dict[str, Any]]:
    from deliveries.models import Delivery

    names = (
        "id event_id rule_id rule_version_id account_id email target_kind target_id action "
        "status held_reason next_attempt_at applied_id reason released_at trigger created_at "
        "event__payload__first_name event__uuid event__erased_at event__created_at"
    ).split()
    return list(Delivery.objects.order_by("pk").values(*names).iterator(CHUNK))


def _attempts(lookup: Lookup, emails: Mapping[int, str]) -> list[AttemptRow]:
    from deliveries.models import Attempt

    own = list(AttemptRow.__slots__)[:-2]
    others = ("connection__account_id", "rule_version__action", "target_id")
    found = []
    for row in Attempt.objects.order_by("pk").values_list(*own, *others).iterator(CHUNK):
        account_id, action, target = row[-3:]
        key = (lookup.accounts.get(account_id, "?"), emails[row[1]], _kind(action), target)
        found.append(AttemptRow(*row[:-3], key=key, action=action))
    return found


def _kind(action: str) -> str:
    return KINDS.get(action, "contact")


def _delivery(row: dict[str, Any], lookup: Lookup, attempts: list[AttemptRow]) -> DeliveryRow:
    effects = [attempt.effect for attempt in attempts if attempt.id == row["applied_id"]]
    key = (
        lookup.accounts.get(row["account_id"], "?"),
        lookup.email(row),
        row["target_kind"],
        row["target_id"],
    )
    triggers = {row["trigger"], *(attempt.trigger for attempt in attempts)}
    released = row["released_at"] is not None
    return DeliveryRow(
        id=row["id"],
        event_id=row["event_id"],
        rule_id=row["rule_id"],
        version_id=row["rule_version_id"],
        key=key,
        action=row["action"],
        status=row["status"],
        held_reason=row["held_reason"],
        next_attempt_at=row["next_attempt_at"],
        applied_id=row["applied_id"],
        reason=row["reason"],
        attempts=len(attempts),
        lost=sum(attempt.lost for attempt in attempts),
        effect=effects[0] if effects else "",
        first_name=lookup.first_name(row),
        released=released,
        late=released or not triggers.isdisjoint(ASKED_FOR),
        # They share their moment with the event's other ones, whatever clock jumped.
        backfilled=row["created_at"] != row["event__created_at"],
    )
