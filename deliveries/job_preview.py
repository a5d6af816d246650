"""What a replay of many deliveries would do, counted before anybody starts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet

from connections.models import Account
from connections.pace import SHARE
from deliveries.id_bounds import before_oldest, id_after, id_before, newest_id
from deliveries.models import Delivery
from deliveries.moving import Difference, differences_of
from deliveries.replaying import fate
from deliveries.selecting import Selection, selected
from rules.models import RuleVersion

CALLS = 1.2
"""Calls per delivery: one for a known contact, two for a new or changed one."""

LEAST_SHARE = 0.1
"""Of an account's slots: what replay and backfill get while live traffic takes all it can."""

SHOWN_RULES = 10


@dataclass(frozen=True, slots=True)
class Load:
    """One account's part and how long it takes.

    Units: seconds; `least_s` when nothing else is sent, `most_s` when live
    traffic takes all that it may.
    """

    account: str
    count: int
    least_s: float
    most_s: float


@dataclass(frozen=True, slots=True)
class Changed:
    """A rule that has changed since some of the deliveries were made."""

    rule: str
    count: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a job would do.

    Shape: `by_status` counts all that is selected, `skipped` by cause what
    cannot be replayed; `first_id` and `last_id` bound the rows, the first one
    exclusively; `accounts` are the ids of those that have a part.
    """

    first_id: int
    last_id: int
    selected: int
    replayable: int
    by_status: Counter[str]
    skipped: Counter[str]
    accounts: tuple[int, ...]
    loads: tuple[Load, ...]
    changed: int
    changed_rules: tuple[Changed, ...]

    @property
    def least_s(self) -> float:
        """The whole job's time without other traffic; accounts run side by side."""
        return max((load.least_s for load in self.loads), default=0.0)

    @property
    def most_s(self) -> float:
        """The whole job's time beside as much live traffic as there can be."""
        return max((load.most_s for load in self.loads), default=0.0)


def preview(
    selection: Selection, *, workspace_id: UUID, basis: str, last_id: int | None = None
) -> Preview:
    """What replaying the selection would do; `last_id` repeats an earlier preview's bound."""
    first, last = bounds(selection, workspace_id=workspace_id)
    last = min(last, last_id) if last_id is not None else last
    rows = selected(selection, workspace_id=workspace_id).filter(pk__gt=first, pk__lte=last)
    counted = _counted(rows, basis)
    going = [row for row in counted if not row["fate"]]
    by_account = _sums(going, "account")
    changed = _changed(rows) if going else ()
    return Preview(
        first_id=first,
        last_id=last,
        selected=sum(row["n"] for row in counted),
        replayable=sum(by_account.values()),
        by_status=_sums(counted, "status"),
        skipped=_sums((row for row in counted if row["fate"]), "fate"),
        accounts=tuple(sorted(_sums(counted, "account"))),
        loads=tuple(_loads(by_account)),
        changed=sum(row.count for row in changed),
        changed_rules=tuple(changed[:SHOWN_RULES]),
    )


def bounds(selection: Selection, *, workspace_id: UUID) -> tuple[int, int]:
    """The ids between which everything selected lies, the first one exclusive."""
    rows = Delivery.objects.filter(workspace=workspace_id)
    since, until = selection.get("since"), selection.get("until")
    first = id_before(rows, datetime.fromisoformat(since)) if since else before_oldest(rows)
    last = id_after(rows, datetime.fromisoformat(until)) if until else newest_id(rows)
    return first, last


def load(account: Account, count: int) -> Load:
    """How long so many deliveries take at the account's budget."""
    seconds = count * CALLS / (account.requests_per_second * SHARE)
    return Load(account.key, count, seconds, seconds / LEAST_SHARE)


def _counted(rows: QuerySet[Delivery], basis: str) -> list[dict[str, Any]]:
    found = rows.annotate(fate=fate(basis)).values("status", "account", "fate").order_by()
    return [dict(row) for row in found.annotate(n=Count("pk"))]


def _sums(counted: Iterable[dict[str, Any]], key: str) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for row in counted:
        sums[row[key]] += row["n"]
    return sums


def _loads(by_account: Counter[int]) -> Iterable[Load]:
    accounts = Account.objects.in_bulk(list(by_account))
    for pk, count in by_account.most_common():
        yield load(accounts[pk], count)


def _changed(rows: QuerySet[Delivery]) -> list[Changed]:
    """Rules whose version is another one now, the most deliveries first."""
    other = rows.exclude(rule_version=F("rule__current")).filter(rule__current__isnull=False)
    counted = other.values("rule", "rule_version", "rule__current").order_by()
    found: list[dict[str, Any]] = [dict(row) for row in counted.annotate(n=Count("pk"))]
    totals = _sums(found, "rule")
    newest = {row["rule"]: row for row in sorted(found, key=lambda row: row["n"])}
    shown = [newest[rule] for rule, _ in totals.most_common(SHOWN_RULES)]
    keys = {row[name] for row in shown for name in ("rule_version", "rule__current")}
    versions = RuleVersion.objects.select_related("connection", "mapping").in_bulk(keys)
    told = [
        _told(totals[row["rule"]], versions[row["rule_version"]], versions[row["rule__current"]])
        for row in shown
    ]
    rest = [Changed("", count, ()) for _, count in totals.most_common()[SHOWN_RULES:]]
    return told + rest


def _told(count: int, was: RuleVersion, now: RuleVersion) -> Changed:
    return Changed(now.name, count, tuple(differences_of(was, now)))
