"""Why a test's delivery would not go out now, or has not gone out yet, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from connections.models import Account, Connection
from deliveries import beats, wording
from deliveries.admin_displays import address
from deliveries.models import UNFINISHED, Delivery, Status
from deliveries.reasons import explained
from meshes import moments
from rules.models import Rule

BUSY_S = 2.0
NO_WORKER = "No worker is running, so nothing is sent."
START_ONE = "Start one with: python manage.py worker. What waits then goes out by itself."
NO_PUMP = "A worker is running and is about to begin sending."


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way, what to do, and where; `blocks` until somebody does it."""

    what: str
    fix: str
    url: str = ""
    link: str = ""
    blocks: bool = True


def before_sending(rule: Rule, *, now: datetime) -> list[Obstacle]:
    """What a person should know before a test of this rule is sent."""
    found = [*_of_rule(rule), *_of_connection(rule.connection)]
    return [*found, *_of_account(rule.connection.account, now=now), *of_workers()]


def while_waiting(delivery: Delivery, *, now: datetime) -> Obstacle:
    """Why this delivery has not been sent yet: the first thing that keeps it."""
    for obstacle in (
        *of_workers(),
        *_of_account(delivery.account, now=now),
        *_of_lane(delivery),
        *_of_time(delivery, now=now),
    ):
        return obstacle
    return Obstacle("It goes out within moments, as soon as its turn comes.", "", blocks=False)


def _of_rule(rule: Rule) -> Iterator[Obstacle]:
    if not rule.active:
        yield Obstacle(
            "This rule is off.",
            "The test runs all the same; real events match it once you switch it on.",
            blocks=False,
        )
    if rule.held_reason:
        reason = explained(rule.held_reason, destination=rule.connection.get_kind_display())
        what = reason.happened if reason else "The rule waits for a person."
        yield Obstacle(
            f"{what} So its deliveries are held, a test's too.",
            "Choose another tag or list in the rule and save it.",
            address(rule),
            "Edit the rule",
        )


def _of_connection(connection: Connection) -> Iterator[Obstacle]:
    if connection.active:
        return
    why = connection.get_inactive_reason_display() or "It was switched off"
    yield Obstacle(
        f"The connection {connection.name} is inactive: {why[0].lower()}{why[1:]}.",
        "Enter a working key or switch it on; what waits then goes out by itself.",
        address(connection),
        "Open the connection",
    )


def _of_account(account: Account, *, now: datetime) -> Iterator[Obstacle]:
    if account.paused_until and account.paused_until > now:
        until = moments.clock(account.paused_until, seconds=True)
        yield Obstacle(
            f"The account asked for a pause until {until}.",
            "Wait; it goes on by itself.",
            blocks=False,
        )
        return
    ahead_s = account.next_slot - now.timestamp()
    if ahead_s > BUSY_S:
        yield Obstacle(
            f"The account's calls of the next {ahead_s:.0f} seconds are taken; it allows "
            f"{account.requests_per_second:g} a second.",
            "Wait; the test is next in line with the live events.",
            blocks=False,
        )


def of_workers() -> Iterator[Obstacle]:
    """What keeps anything from being sent, when no worker sends."""
    if beats.alive("pump"):
        return
    if beats.alive("supervisor"):
        yield Obstacle(NO_PUMP, "Wait a few seconds.", blocks=False)
    else:
        yield Obstacle(NO_WORKER, START_ONE)


def _of_lane(delivery: Delivery) -> Iterator[Obstacle]:
    others = Delivery.objects.filter(account=delivery.account_id, email=delivery.email)
    same = Q(target_kind=delivery.target_kind, target_id=delivery.target_id)
    earlier = Q(UNFINISHED, same, pk__lt=delivery.pk, held_reason="")
    ahead = others.exclude(pk=delivery.pk).filter(earlier | Q(status=Status.PROCESSING)).first()
    if ahead is not None:
        yield Obstacle(
            "An earlier delivery to the same contact has not ended; their order is kept.",
            "Wait for it, or cancel it.",
            address(ahead),
            "Open the earlier delivery",
            blocks=False,
        )


def _of_time(delivery: Delivery, *, now: datetime) -> Iterator[Obstacle]:
    if delivery.next_attempt_at > now:
        when = wording.moment(delivery.next_attempt_at, seconds=True)
        yield Obstacle(f"The next attempt is due at {when}.", "Wait for it.", blocks=False)
