"""Sends a test event for one rule, through the same verbs as an event of the product.

It is read, matched, stored and delivered as any other, but for the tested rule alone,
and stands apart from every count.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from deliveries.inserting import Row
from deliveries.intake import store
from deliveries.models import Delivery, Event, Trial, Trigger
from deliveries.planning import plan
from deliveries.reading import KIB, read_event
from meshes.api_errors import BadRequest, PayloadTooLarge
from meshes.strict_json import parse
from rules.index import COPIED, matchable
from rules.matching import MatchableRule, RuleIndex
from rules.models import Rule, RuleVersion

SENT_WITH = "test_event"
RELATED = ("workspace", "connection__account", "current__mapping")

log = structlog.get_logger(__name__)


class RealPerson(Exception):
    """The address belongs to somebody whom real events name, and nobody said to go on."""

    def __init__(self, email: str) -> None:
        super().__init__(
            "Real events have named this address, so it is probably a customer's. A test changes "
            "their contact and may start an automation, which sends them mail."
        )
        self.email = email


@dataclass(frozen=True, slots=True)
class Try:
    """What a test event becomes: its event, and its delivery when the rule fits."""

    event: Row
    deliveries: list[Row]

    @property
    def email(self) -> str:
        """The address that is written to: the delivery's, else the event's."""
        emails = [str(row["email"]) for row in self.deliveries]
        return emails[0] if emails else str(self.event["email"])


def start(rule: Rule, *, raw: bytes, by: str, now: datetime, sure: Collection[str] = ()) -> Trial:
    """The test, its event stored and its delivery due.

    Shape: `raw` is the body as the product would post it; `rule` has the
    related rows of RELATED. `sure` are the addresses that the test may write
    to although real events have named them.
    Raises: ApiError as the endpoint would; RealPerson; nothing is stored then.
    """
    planned = planned_try(rule, raw=raw, by=by, now=now)
    known = planned.email not in sure and is_real_person(rule.workspace_id, planned.email)
    if known:
        raise RealPerson(planned.email)
    with transaction.atomic():
        store([planned.event], planned.deliveries)
        trial = Trial.objects.create(
            workspace_id=rule.workspace_id,
            rule=rule,
            rule_version=version_of(rule),
            event=Event.objects.only("pk").get(uuid=planned.event["uuid"]),
            asked_by=by,
            created_at=now,
        )
    log.info("test_sent", trial_id=trial.pk, rule_id=str(rule.pk), by=by)
    return trial


def planned_try(rule: Rule, *, raw: bytes, by: str, now: datetime) -> Try:
    """What the body becomes for this rule; nothing is stored.

    Raises: ApiError as the endpoint would.
    """
    if not raw.strip():
        raise BadRequest("The event is empty; write one.")
    if len(raw) > settings.MAX_EVENT_BYTES:
        raise PayloadTooLarge(f"The event is larger than {settings.MAX_EVENT_BYTES // KIB} KiB.")
    request = read_event(parse(raw), workspace_id=rule.workspace_id)
    index = RuleIndex([as_matchable(rule)], rules_version=rule.workspace.rules_version)
    event, deliveries = plan(
        request,
        workspace_id=rule.workspace_id,
        created_by=SENT_WITH,
        index=index,
        now=now,
    )
    marked = {"is_test": True, "trigger": str(Trigger.TEST), "asked_by": by}
    return Try(event | {"is_test": True}, [row | marked for row in deliveries])


def as_matchable(rule: Rule) -> MatchableRule:
    """The rule as matching sees it, whether it is on or off.

    Raises: BadRequest, when it has never been saved completely.
    """
    version = version_of(rule)
    own = {
        "rule_id": rule.pk,
        "version_id": version.pk,
        "account_id": rule.connection.account_id,
        "connection_active": rule.connection.active,
        "kind": rule.connection.kind,
        "mapping_id": version.mapping_id,
    }
    row = {name: getattr(rule, name) for name in COPIED} | own
    return matchable(row, version.mapping.schema)


def version_of(rule: Rule) -> RuleVersion:
    """The version that is tested.

    Raises: BadRequest, when the rule has never been saved completely.
    """
    if rule.current is None:
        raise BadRequest("This rule has never been saved completely; save it once, then test it.")
    return rule.current


def is_real_person(workspace_id: UUID, email: str) -> bool:
    """Whether an event or a delivery that was no test has this address."""
    if not email:
        return False
    same = {"workspace_id": workspace_id, "email": email, "is_test": False}
    return Event.objects.filter(**same).exists() or Delivery.objects.filter(**same).exists()
