"""Eight weeks of history in a database: very much of what is common, a hundred of each rarity.

The rare rows lie evenly over all of it, so that with more history they lie further apart
while a page of them stays as long. What waits or is in hand is the newest, as in life.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, models
from django.utils import timezone

from connections.models import Connection
from deliveries.models import Attempt, BackgroundJob, Delivery, Event
from meshes.models import Organization, Workspace
from rules.models import EventType, ResourceType, Rule
from tests.bench.filling import (
    EMAIL,
    UUIDS,
    from_now,
    go_on_counting,
    insert_rows,
    literal,
    numbers,
)
from tests.builders import (
    make_account,
    make_attempt,
    make_catalog,
    make_connection,
    make_organization,
    make_rule,
    make_workspace,
)

RARE = 100
SPAN_S = 8 * 7 * 86_400
ATTEMPTS = 60
EVENT, RARE_EVENT = "page.completed", "plan.upgraded"
RESOURCE, RARE_RESOURCE = "onboarding_sequence", "course"
SEQUENCE, RARE_SEQUENCE = "workspace-setup", "retired-sequence"
PAGE, RARE_PAGE = "page-3", "retired-page"
PERSON, USER = "alex@northstar.io", "usr_5012"
PAYLOAD = (
    '{"user_id": "usr_5012", "email": "alex@northstar.io", "page_id": "page_connect-crm", '
    '"page_title": "Connect your CRM", "sequence_step": 3, "completed_at": "2026-03-21T15:06:00Z"}'
)
FAILURES = {
    "rejected_client_error": "email_invalid",
    "rejected_server_error": "server_error",
    "rate_limited": "rate_limited",
    "auth_failed": "unauthorized",
    "timeout": "timeout",
    "network_error": "dns_failed",
    "mapping_error": "email_missing",
    "internal_error": "worker_lost",
}
RARITIES = (
    *("event", "resource", "sequence", "person", "page", "test", "unmatched", "second_rule"),
    *("canceled", "retrying", "held", "replay", "backfill", *FAILURES),
)
"""What is special about a few events, each kind at a place of its own."""


@dataclass(frozen=True)
class Past:
    """What a history is about. Shape: `tried` is a delivery with sixty attempts."""

    size: int
    organization: Organization
    workspace: Workspace
    rule: Rule
    rare_rule: Rule
    job: BackgroundJob
    tried: Delivery

    @property
    def connection(self) -> Connection:
        """The connection of nearly all deliveries."""
        return self.rule.connection


def make_past(size: int, *, rare: int = RARE) -> Past:
    """So many deliveries, nine in ten in one workspace, with their events and attempts.

    Shape: `rare` says how many of each rarity; the size is a hundred times as much at least.
    """
    organization = make_organization()
    workspace, beside = (make_workspace(organization=organization) for _ in range(2))
    rule = _rule(workspace, "usual")
    rare_rule, rule_beside = _rule(workspace, "rare"), _rule(beside, "beside")
    for table in (EventType, ResourceType):
        table.objects.create(workspace=workspace, key=EVENT, label="Page completed")
    job = BackgroundJob.objects.create(
        workspace=workspace, asked_by="bench", last_id=1, state=BackgroundJob.State.DONE
    )
    rows = Rows(size, rare)
    usual, twice = numbers(first=1, last=size), f"WHERE {rows.rare('second_rule')}"
    insert_rows(Event, rows.events(workspace, beside), source=usual)
    go_on_counting()
    both, matched = rows.of_rules(rule, rule_beside), f"WHERE NOT ({rows.rare('unmatched')})"
    insert_rows(Delivery, rows.deliveries(job) | both, source=f"{usual} {matched}")
    insert_rows(Delivery, rows.deliveries(job) | of_rule(rare_rule), source=f"{usual} {twice}")
    insert_rows(Attempt, attempts(), source="deliveries_delivery AS d WHERE d.attempt_count > 0")
    tried = Delivery.objects.filter(rule=rule, status="completed").latest("pk")
    for _ in range(ATTEMPTS - 1):
        make_attempt(tried)
    return Past(size, organization, workspace, rule, rare_rule, job, tried)


def _rule(workspace: Workspace, name: str) -> Rule:
    read = {"catalog_refreshed_at": timezone.now(), "catalog_version": "b1946ac92492d234"}
    account = make_account(key=f"{name}.api-us1.com", **read)
    make_catalog(account)
    own = make_connection(workspace=workspace, account=account, name=name)
    return make_rule(connection=own, event=EVENT, resource_id=SEQUENCE)


class Rows:
    """The columns of a history of this size, each as SQL about the number `n`."""

    def __init__(self, size: int, rare: int) -> None:
        self.size, self.few = size, rare
        places = [place for place in range(1, 100) if place % 10]
        self._places = dict(zip(RARITIES, places, strict=False))

    def rare(self, kind: str) -> str:
        """Whether the number is one of this kind."""
        return f"n % {self.size // self.few} = {self._places[kind]}"

    def case(self, usual: str, **kinds: str) -> str:
        """What stands at numbers of these kinds, and what at all others."""
        whens = (f"WHEN {self.rare(kind)} THEN {value}" for kind, value in kinds.items())
        return f"CASE {' '.join(whens)} ELSE {usual} END"

    def events(self, workspace: Workspace, beside: Workspace) -> dict[str, str]:
        """Those of `Event`."""
        return {
            "id": "n",
            "uuid": UUIDS[connection.vendor],
            "workspace_id": f"CASE WHEN n % 10 = 0 THEN {_id(beside)} ELSE {_id(workspace)} END",
            "event": self.case(f"'{EVENT}'", event=f"'{RARE_EVENT}'"),
            "resource": self.case(f"'{RESOURCE}'", resource=f"'{RARE_RESOURCE}'"),
            "resource_id": self.case(f"'{SEQUENCE}'", sequence=f"'{RARE_SEQUENCE}'"),
            "payload": f"'{PAYLOAD}'",
            "email": self._email(),
            "user_id": self.case("'usr-' || (n / 5)", person=f"'{USER}'"),
            "page_id": self._page(),
            "page_title": "'Connect your CRM'",
            "sequence_step": "n % 10",
            "is_test": self.case("FALSE", test="TRUE"),
            "rules_version": "3",
            "total_rules": self.case("1", unmatched="0", second_rule="2"),
            "created_by": "'publishable_key'",
            "created_at": self._made(),
        }

    def of_rules(self, rule: Rule, beside: Rule) -> dict[str, str]:
        """Those of `Delivery` that come from the rule of the event's workspace."""
        here, there = of_rule(rule), of_rule(beside)
        return {
            name: f"CASE WHEN n % 10 = 0 THEN {there[name]} ELSE {here[name]} END" for name in here
        }

    def deliveries(self, job: BackgroundJob) -> dict[str, str]:
        """Those of `Delivery` that come from its event."""
        lost = {kind: f"'{kind}'" for kind in FAILURES}
        reasons = {kind: f"'{reason}'" for kind, reason in FAILURES.items()}
        undone = dict.fromkeys(("retrying", "held", "canceled", *FAILURES), "NULL")
        done = self._newest(waits="NULL", busy="NULL", other=self._made())
        never = {"held": "0", "canceled": "0"}
        return {
            "uuid": UUIDS[connection.vendor],
            "event_id": "n",
            "event_name": self.case(f"'{EVENT}'", event=f"'{RARE_EVENT}'"),
            "email": self._email(),
            "page_id": self._page(),
            "is_test": self.case("FALSE", test="TRUE"),
            "trigger": self.case("'live'", test="'test'", replay="'replay'", backfill="'backfill'"),
            "job_id": self.case("NULL", replay=str(job.pk)),
            "status": self._status(),
            "priority": self.case("0", retrying="1"),
            "held_reason": self.case("''", held="'connection_inactive'"),
            "last_outcome": self.case(
                self._newest(waits="''", busy="''", other="'delivered'"),
                retrying="'timeout'",
                held="''",
                canceled="''",
                **lost,
            ),
            "reason": self.case("''", retrying="'timeout'", **reasons),
            "attempt_count": self.case(self._newest(waits="0", busy="1", other="1"), **never),
            "applied_id": self.case(self._newest(waits="NULL", busy="NULL", other="n"), **undone),
            "lease_token": self._newest(waits="NULL", busy=UUIDS[connection.vendor], other="NULL"),
            "lease_until": self._newest(waits="NULL", busy=from_now("3600"), other="NULL"),
            "next_attempt_at": from_now("3600"),
            "created_at": self._made(),
            "started_at": self._made(),
            "completed_at": self.case(done, retrying="NULL", held="NULL"),
        }

    def _status(self) -> str:
        usual = self._newest(waits="'pending'", busy="'processing'", other="'completed'")
        lost = dict.fromkeys(FAILURES, "'failed'")
        waits = {"retrying": "'retrying'", "held": "'pending'", "canceled": "'canceled'"}
        return self.case(usual, **waits, **lost)

    def _newest(self, *, waits: str, busy: str, other: str) -> str:
        """The newest few wait, and those before them are in hand."""
        first = f"WHEN n > {self.size - self.few} THEN {waits}"
        return f"CASE {first} WHEN n > {self.size - 2 * self.few} THEN {busy} ELSE {other} END"

    def _email(self) -> str:
        usual = self._newest(waits=EMAIL, busy="'busy-' || n || '@example.org'", other=EMAIL)
        return self.case(usual, person=f"'{PERSON}'")

    def _page(self) -> str:
        return self.case("'page-' || (n % 10)", page=f"'{RARE_PAGE}'")

    def _made(self) -> str:
        return from_now(f"(n - {self.size}) * {SPAN_S / self.size} - 60")


def of_rule(rule: Rule) -> dict[str, str]:
    """The columns of `Delivery` that come from its rule."""
    return {
        "workspace_id": _id(rule.workspace),
        "rule_id": _id(rule),
        "rule_version_id": _id(rule.current),
        "connection_id": _id(rule.connection),
        "account_id": _id(rule.connection.account),
        "action": f"'{rule.action}'",
        "target_kind": "'tag'",
        "target_id": f"'{rule.target_id}'",
    }


def attempts() -> dict[str, str]:
    """The columns of `Attempt` for the first attempt of the delivery `d`."""
    return {
        "uuid": UUIDS[connection.vendor],
        "delivery_id": "d.id",
        "number": "1",
        "trigger": "'live'",
        "rule_version_id": "d.rule_version_id",
        "connection_id": "d.connection_id",
        "target_id": "d.target_id",
        "outcome": "d.last_outcome",
        "reason": "d.reason",
        "counted": "TRUE",
        "lease_token": UUIDS[connection.vendor],
        "started_at": "d.created_at",
        "completed_at": "CASE WHEN d.last_outcome = '' THEN NULL ELSE d.created_at END",
        "duration_ms": "340",
    }


def _id(row: models.Model) -> str:
    return literal(row._meta.get_field("id"), row.pk)
