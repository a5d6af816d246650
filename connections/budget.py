"""How much of an account's budget was used lately, in figures and in words, for its page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from connections.models import Account, AccountHour
from connections.usage import HOUR, hour_of
from meshes import moments

HOURS = 24
SEEN = 0.2
"""Below so many requests a second, other tools do not count as seen."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the chart; `name` is the hour in the viewer's zone."""

    name: str
    sent: int
    refused: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The use of a budget today and in the last 24 hours.

    Shape: `hours` end with the present hour. `share` is what percentage of
    the day's budget so far was used; `others` a sentence on other tools.
    """

    sent: int
    share: float
    refused: int
    paused_s: int
    others: str
    hours: tuple[Hour, ...]


def budget_of(account: Account, *, now: datetime, name: str) -> Budget:
    """The account's use of its budget; `name` is the destination's; one query."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    first = min(hour_of(midnight), hour_of(now) - HOUR * (HOURS - 1))
    rows = {row.hour: row for row in AccountHour.objects.filter(account=account, hour__gte=first)}
    this = rows.setdefault(hour_of(now), AccountHour(account=account, hour=hour_of(now)))
    # What the housekeeping has not noted yet.
    this.sent += max(0, account.slots_taken - account.slots_noted)
    today = [row for hour, row in rows.items() if hour >= hour_of(midnight)]
    sent = sum(row.sent for row in today)
    possible = account.requests_per_second * max(1.0, (now - midnight).total_seconds())
    return Budget(
        sent=sent,
        share=min(100.0, 100 * sent / possible),
        refused=sum(row.refused for row in today),
        paused_s=round(sum(row.paused_s for row in today)),
        others=_others(today, name),
        hours=tuple(_hours(rows, now=now)),
    )


def _hours(rows: dict[datetime, AccountHour], *, now: datetime) -> Iterable[Hour]:
    for back in range(HOURS - 1, -1, -1):
        hour = hour_of(now) - back * timedelta(hours=1)
        row = rows.get(hour)
        yield Hour(moments.clock(hour), row.sent if row else 0, row.refused if row else 0)


def _others(today: list[AccountHour], name: str) -> str:
    asked, refused = sum(row.asked for row in today), sum(row.refused for row in today)
    told = sum(row.others for row in today) / asked if asked else 0.0
    parts = []
    if asked and told >= SEEN:
        parts.append(
            f"Other tools took about {told:.1f} requests a second while Meshes was calling."
        )
    elif asked:
        parts.append(f"No other tool was seen in {asked:,} answers that told what was left.")
    if refused:
        times = "once" if refused == 1 else f"{refused:,} times"
        parts.append(
            f"{name} asked {times} to slow down. Meshes keeps below its own budget, so other "
            "tools used the rest: find out which, or lower the budget below."
        )
    elif not asked:
        parts.append(f"No sign of other tools: {name} refused no request for its pace.")
    return " ".join(parts)
