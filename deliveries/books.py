"""Counts every row again and says whether the sums agree.

One statement makes one picture on both databases; nothing here changes history.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, connection, transaction

from deliveries.claiming import as_uuid
from deliveries.models import Attempt, BooksCheck, Delivery, Event, Rollup
from meshes.hidden import CANARY_WORKSPACE

EVERY = timedelta(minutes=10)
MOST_S = 30
_rest = {"until": 0.0}
EVENTS = Event._meta.db_table
DELIVERIES = Delivery._meta.db_table
ATTEMPTS = Attempt._meta.db_table
ROLLUPS = Rollup._meta.db_table

# Each table is counted from its own rows, so that one sum can prove another one wrong.
RECOUNT_SQL = f"""
SELECT 'accepted', COUNT(*), COALESCE(SUM(total_rules), 0),
  COALESCE(SUM(CASE WHEN total_rules = 0 THEN 1 ELSE 0 END), 0)
FROM {EVENTS} t WHERE {{mine}}
UNION ALL
SELECT 'matched', COUNT(DISTINCT t.event_id), COUNT(*), 0 FROM {DELIVERIES} t WHERE {{mine}}
UNION ALL
SELECT 'twice', COUNT(*), 0, 0 FROM (
  SELECT 1 AS one FROM {DELIVERIES} t WHERE {{mine}}
  GROUP BY t.event_id, t.rule_id HAVING COUNT(*) > 1) AS pairs
UNION ALL
SELECT 'attempts', COUNT(*), COALESCE(SUM(CASE WHEN a.outcome = '' THEN 1 ELSE 0 END), 0), 0
FROM {ATTEMPTS} a {{attempts}}
UNION ALL
SELECT 'delivery ' || status || CASE WHEN held_reason = '' THEN '' ELSE ' held' END,
  COUNT(*), SUM(attempt_count),
  SUM(CASE WHEN status = 'processing' AND (lease_until IS NULL OR lease_token IS NULL)
    OR status = 'completed' AND applied_id IS NULL THEN 1 ELSE 0 END)
FROM {DELIVERIES} t WHERE {{mine}} GROUP BY 1
UNION ALL
SELECT measure, SUM(count), 0, 0 FROM {ROLLUPS} t
WHERE measure LIKE 'removed.%%' AND {{mine}} GROUP BY 1
"""  # noqa: S608
OF_WORKSPACE = f"JOIN {DELIVERIES} t ON t.id = a.delivery_id WHERE t.workspace_id = %(workspace)s"
# The canary has a delivery or two at a time, so nobody needs to join all of them.
OF_ALL = f"""
WHERE a.delivery_id NOT IN (SELECT t.id FROM {DELIVERIES} t WHERE t.workspace_id = %(canary)s)
"""  # noqa: S608
REMOVED = ("accepted", "matched", "unmatched", "deliveries", "completed", "failed", "canceled")

log = structlog.get_logger(__name__)

Figures = dict[str, int]


@dataclass(frozen=True, slots=True)
class Recount:
    """What was counted, and a sentence for each sum that does not agree.

    Shape: `figures` are of the rows that are there; names that begin with
    `removed.` tell of those that retention removed, `ever.` of both together.
    """

    figures: Figures
    faults: list[str]

    @property
    def balanced(self) -> bool:
        """Whether every sum agrees."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Standing:
    """The latest recount, and since when the books are as they are."""

    latest: BooksCheck
    since: datetime


def recount(workspace_id: UUID | None = None) -> Recount:
    """All rows counted once more, those of the canary apart, or those of one workspace."""
    mine, values = of_workspace(workspace_id)
    attempts = OF_ALL if workspace_id is None else OF_WORKSPACE
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT_SQL.format(mine=mine, attempts=attempts), values)
        rows = {name: tuple(map(int, numbers)) for name, *numbers in cursor.fetchall()}
    figures = _figures(rows)
    return Recount(figures, list(faults_of(figures)))


def of_workspace(workspace_id: UUID | None) -> tuple[str, dict[str, Any]]:
    """The condition on rows `t` and its values: one workspace, or all but the canary's."""
    if workspace_id is None:
        return "t.workspace_id <> %(canary)s", {"canary": as_uuid(CANARY_WORKSPACE)}
    return "t.workspace_id = %(workspace)s", {"workspace": as_uuid(workspace_id)}


def check_books(now: datetime) -> Recount | None:
    """A recount, stored, when the last one is ten minutes old; else None.

    Shape: None also when PostgreSQL needs longer than MOST_S, which is told in
    the log and not tried again at once; `manage.py verify` has no such limit.
    """
    if BooksCheck.objects.filter(checked_at__gt=now - EVERY).exists():
        return None
    if time.monotonic() < _rest["until"]:
        return None
    _rest["until"] = time.monotonic() + EVERY.total_seconds()
    try:
        found = _recount_in_time()
    except OperationalError:
        log.error("recount_took_too_long", limit_s=MOST_S, instead="manage.py verify")
        return None
    _rest["until"] = 0.0
    BooksCheck.objects.create(
        checked_at=now, balanced=found.balanced, figures=found.figures, faults=found.faults
    )
    if not found.balanced:
        log.error("books_unbalanced", faults=found.faults)
    return found


def _recount_in_time() -> Recount:
    if connection.vendor != "postgresql":
        return recount()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{MOST_S}s'")
        return recount()


def standing() -> Standing | None:
    """How the books stand; None before the first recount."""
    latest = BooksCheck.objects.order_by("-checked_at").first()
    if latest is None:
        return None
    alike = BooksCheck.objects.filter(balanced=latest.balanced).order_by("checked_at")
    turned = BooksCheck.objects.exclude(balanced=latest.balanced).order_by("-checked_at").first()
    first = alike.filter(checked_at__gt=turned.checked_at).first() if turned else alike.first()
    return Standing(latest, (first or latest).checked_at)


def faults_of(figures: Mapping[str, int]) -> Iterator[str]:
    """A sentence for each sum of the figures that does not agree."""
    f = figures
    ends = ("completed", "failed", "canceled")
    yield from _differs("accepted events", f["accepted"], f["unmatched"] + f["matched"], PARTS[0])
    yield from _differs("rules that events matched", f["rules"], f["deliveries"], PARTS[1])
    parts = sum(f[name] for name in ("waiting", "held", *ends))
    yield from _differs("deliveries", f["deliveries"], parts, PARTS[2])
    yield from _differs("attempts that deliveries count", f["tries"], f["attempts"], PARTS[3])
    removed = {name: f[f"removed.{name}"] for name in REMOVED}
    matched = removed["matched"] + removed["unmatched"]
    yield from _differs("removed events", removed["accepted"], matched, PARTS[0])
    parts = sum(removed[name] for name in ends)
    yield from _differs("removed deliveries", removed["deliveries"], parts, PARTS[4])
    if f["twice"]:
        yield f"{f['twice']:,} times a rule has more than one delivery of the same event."
    if f["odd"]:
        yield (
            f"{f['odd']:,} deliveries are in hand without a lease, or delivered without the "
            "attempt that did it."
        )
    if f["in_flight"] > f["processing"]:
        yield (
            f"{f['in_flight']:,} attempts are in flight, but only {f['processing']:,} deliveries "
            "are in hand."
        )


PARTS = (
    "matched and unmatched ones together",
    "deliveries",
    "waiting, held, completed, failed and canceled ones together",
    "attempts",
    "completed, failed and canceled ones together",
)


def _differs(what: str, one: int, other: int, parts: str) -> Iterator[str]:
    if one != other:
        yield f"There are {one:,} {what}, but {other:,} {parts}."


def _figures(rows: Mapping[str, tuple[int, ...]]) -> Figures:
    accepted, rules, unmatched = rows["accepted"]
    states = {name.split(" ", 1)[1]: numbers for name, numbers in rows.items() if " " in name}
    held = sum(numbers[0] for state, numbers in states.items() if state.endswith(" held"))
    attempts, in_flight, _ = rows["attempts"]
    found = {name: states.get(name, (0,))[0] for name in ("completed", "failed", "canceled")}
    found |= {name: states.get(name, (0,))[0] for name in ("pending", "processing", "retrying")}
    figures: dict[str, Any] = {
        "accepted": accepted,
        "matched": rows["matched"][0],
        "unmatched": unmatched,
        "rules": rules,
        "deliveries": rows["matched"][1],
        "waiting": found["pending"] + found["processing"] + found["retrying"],
        "held": held,
        **found,
        "attempts": attempts,
        "in_flight": in_flight,
        "tries": sum(numbers[1] for numbers in states.values()),
        "twice": rows["twice"][0],
        "odd": sum(numbers[2] for numbers in states.values()),
    }
    figures |= {f"removed.{name}": rows.get(f"removed.{name}", (0,))[0] for name in REMOVED}
    return figures | {
        f"ever.{name}": figures[name] + figures[f"removed.{name}"] for name in REMOVED
    }
