"""A stream of live events for one account, and how long each takes to arrive there."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from django.utils import timezone

from deliveries import intake
from deliveries.reading import EventRequest
from deliveries.senders import key_sender
from meshes.authentication import KeyHolder
from rules.models import Rule
from tests.bench.sandboxes import Sandboxes

BETWEEN_S = (0.3, 0.5)  # uneven, so as not to keep time with the pump's looks
ARRIVE_WITHIN_S = 40.0


def latencies(boxes: Sandboxes, rule: Rule, emails: Sequence[str]) -> list[float]:
    """Seconds from the moment when a 201 would leave to the call's arrival, for each event.

    Shape: one that does not arrive counts with the time that we waited for it.
    """
    accepted = {}
    for email in emails:
        accept(rule, email)
        accepted[email] = time.time()
        time.sleep(random.uniform(*BETWEEN_S))
    arrived = _arrived(boxes, set(accepted))
    return [arrived.get(email, time.time()) - moment for email, moment in accepted.items()]


def accept(rule: Rule, email: str) -> None:
    """Take in an event of this person as the endpoint does."""
    rule.workspace.refresh_from_db(fields=["rules_version"])
    sender = KeyHolder(
        workspace_id=rule.workspace_id,
        organization_id=rule.workspace.organization_id,
        key_id=rule.workspace_id,
        key_name="bench",
        rules_version=rule.workspace.rules_version,
    )
    event = EventRequest(rule.workspace_id, rule.event, "global", "", {"email": email})
    intake.accept(
        [event], sender=key_sender(sender), answer=intake.single, once=None, now=timezone.now()
    )


def _arrived(boxes: Sandboxes, emails: set[str]) -> dict[str, float]:
    """When the first call about each person arrived."""
    until = time.time() + ARRIVE_WITHIN_S
    while True:
        found: dict[str, float] = {}
        for row in boxes.arrivals():
            email = row.about.partition(" ")[0]
            if email in emails:
                found.setdefault(email, row.at)
        if len(found) == len(emails) or time.time() > until:
            return found
        time.sleep(0.5)
