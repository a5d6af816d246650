"""The button that repairs what a reason names: one for each reason, and whom it is for.

Data and addresses only; what a button does is done by the page that it leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from deliveries import wording
from deliveries.admin_displays import address
from deliveries.buttons import ENDED
from deliveries.models import Delivery, Status
from deliveries.permissions import MAY_READ_BACK, MAY_REPLAY, MAY_REPLAY_MANY
from deliveries.reading_back import contacts_of


class Fix(Enum):
    """What a person does about a cause."""

    TEST_KEY = "test the key"
    CONNECTION = "correct the connection"
    RULE = "choose another target"
    RULES = "look at the rules"
    MAPPING = "correct the mapping"
    EVENT = "see what the event says"
    VERIFY = "look at the contact"
    REPLAY = "replay"
    JOB = "open the job"
    NOTHING = "nothing"


FIXES: Mapping[str, Fix] = MappingProxyType({
    "address_refused": Fix.CONNECTION,
    "dns_failed": Fix.TEST_KEY,
    "tls_failed": Fix.TEST_KEY,
    "connection_refused": Fix.REPLAY,
    "connection_reset": Fix.REPLAY,
    "timeout": Fix.REPLAY,
    "answer_too_large": Fix.CONNECTION,
    "rate_limited": Fix.REPLAY,
    "account_paused": Fix.NOTHING,
    "overloaded": Fix.REPLAY,
    "server_error": Fix.REPLAY,
    "unexpected_answer": Fix.TEST_KEY,
    "endpoint_not_found": Fix.CONNECTION,
    "unauthorized": Fix.TEST_KEY,
    "forbidden": Fix.TEST_KEY,
    "login_page": Fix.TEST_KEY,
    "api_key_malformed": Fix.CONNECTION,
    "secret_unreadable": Fix.CONNECTION,
    "connection_inactive": Fix.TEST_KEY,
    "account_unpaid": Fix.TEST_KEY,
    "permission_denied": Fix.TEST_KEY,
    "contact_limit_reached": Fix.REPLAY,
    "tag_not_found": Fix.RULE,
    "list_not_found": Fix.RULE,
    "target_renewed": Fix.NOTHING,
    "link_not_found": Fix.VERIFY,
    "field_not_found": Fix.MAPPING,
    "mapping_failed": Fix.MAPPING,
    "rule_deleted": Fix.RULES,
    "email_missing": Fix.EVENT,
    "email_invalid": Fix.EVENT,
    "contact_unsubscribed": Fix.VERIFY,
    "contact_bounced": Fix.VERIFY,
    "contact_duplicate": Fix.REPLAY,
    "contact_not_found": Fix.VERIFY,
    "wrong_contact": Fix.VERIFY,
    "enrollment_refused": Fix.REPLAY,
    "request_refused": Fix.REPLAY,
    "import_rejected": Fix.REPLAY,
    "import_unconfirmed": Fix.VERIFY,
    "import_unfinished": Fix.REPLAY,
    "worker_lost": Fix.REPLAY,
    "internal_error": Fix.REPLAY,
    "canceled_by_person": Fix.REPLAY,
    "person_erased": Fix.NOTHING,
    "job_paused": Fix.JOB,
    "superseded": Fix.REPLAY,
})  # fmt: skip
"""What repairs each reason that a delivery can carry."""


@dataclass(frozen=True, slots=True)
class Step:
    """A button of the card: its words, where it leads."""

    label: str
    url: str


def steps(delivery: Delivery, *, may: Callable[[str], bool]) -> list[Step]:
    """The buttons of the delivery's card that this person may press, the repair first.

    Shape: then a replay of this one and of all that failed alike.
    """
    found = [_REPAIRS[FIXES.get(wording.cause_code(delivery), Fix.REPLAY)](delivery, may)]
    found += _replays(delivery, may)
    unlike: dict[str, Step] = {}
    for step in found:
        if step is not None:
            unlike.setdefault(step.url, step)
    return list(unlike.values())


May = Callable[[str], bool]
Maker = Callable[[Delivery, May], Step | None]


def _test_key(delivery: Delivery, may: May) -> Step | None:
    if not may("connections.change_connection"):
        return _connection(delivery, may)
    url = reverse("admin:connections_connection_button", args=[delivery.connection_id, "test"])
    return Step("Test the connection again…", url)


def _connection(delivery: Delivery, may: May) -> Step | None:
    allowed = may("connections.view_connection") and delivery.connection.deleted_at is None
    return Step("Open the connection", address(delivery.connection)) if allowed else None


def _rule(delivery: Delivery, may: May) -> Step | None:
    if delivery.rule.deleted_at is not None or not may("rules.view_rule"):
        return None
    change = may("rules.change_rule")
    label = f"Choose another {delivery.target_kind}" if change else "Open the rule"
    return Step(label, address(delivery.rule))


def _rules(_delivery: Delivery, may: May) -> Step | None:
    return (
        Step("See the rules", reverse("admin:rules_rule_changelist"))
        if may("rules.view_rule")
        else None
    )


def _mapping(delivery: Delivery, may: May) -> Step | None:
    if not may("rules.view_mappingversion"):
        return None
    url = reverse("admin:rules_mappingversion_edit", args=[delivery.connection_id])
    return Step("Correct the mapping", url)


def _event(delivery: Delivery, may: May) -> Step | None:
    allowed = may("deliveries.view_event")
    return Step("See what the event says", address(delivery.event)) if allowed else None


def _verify(delivery: Delivery, may: May) -> Step | None:
    if not may(MAY_READ_BACK) or not contacts_of(delivery.connection):
        return None
    return Step("Look at the contact now…", _button(delivery, "verify"))


def _replay(delivery: Delivery, may: May) -> Step | None:
    allowed = may(MAY_REPLAY) and delivery.status in ENDED and delivery.event.erased_at is None
    return Step("Replay…", _button(delivery, "replay")) if allowed else None


def _job(delivery: Delivery, may: May) -> Step | None:
    if delivery.job_id is None or not may("deliveries.view_backgroundjob"):
        return None
    url = reverse("admin:deliveries_backgroundjob_change", args=[delivery.job_id])
    return Step("Open its job", url)


def _nothing(_delivery: Delivery, _may: May) -> Step | None:
    return None


_REPAIRS: Mapping[Fix, Maker] = MappingProxyType(
    {
        Fix.TEST_KEY: _test_key,
        Fix.CONNECTION: _connection,
        Fix.RULE: _rule,
        Fix.RULES: _rules,
        Fix.MAPPING: _mapping,
        Fix.EVENT: _event,
        Fix.VERIFY: _verify,
        Fix.REPLAY: _replay,
        Fix.JOB: _job,
        Fix.NOTHING: _nothing,
    }
)


def _replays(delivery: Delivery, may: May) -> Iterator[Step | None]:
    if delivery.status != Status.FAILED:
        return
    yield _replay(delivery, may)
    if may(MAY_REPLAY_MANY) and delivery.reason:
        alike: dict[str, Any] = {"status": "failed", "reason": delivery.reason}
        alike |= {"rule": delivery.rule_id, "workspace": delivery.workspace_id}
        url = f"{reverse('admin:deliveries_backgroundjob_replay')}?{urlencode(alike)}"
        yield Step("Replay all of this rule that failed like this…", url)


def _button(delivery: Delivery, name: str) -> str:
    return reverse("admin:deliveries_delivery_button", args=[delivery.pk, name])
