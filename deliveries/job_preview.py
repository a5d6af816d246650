"""What a replay of many deliveries would do, counted before anybody starts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from connections.models import Account
from connections.pace import SHARE
from deliveries.id_bounds import before_oldest, id_after, id_before, newest_id
from deliveries.job_counting import accounts_of, count
from deliveries.models import Delivery
from deliveries.moving import Difference, differences_of
from deliveries.selecting import Selection
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

    Shape: `by_status` counts all that is selected, held ones as `held`, `skipped` by cause what
    cannot be replayed; `first_id` and `last_id` bound the rows, the first one
    exclusively; `accounts` are the ids of those that have a part. When only
    the first `counted` rows were looked at, `exact` is false, all numbers are
    estimated from those, and `accounts` are those that may have a part.
    """

    first_id: int
    last_id: int
    selected: int
    counted: int
    exact: bool
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
    found = count(selection, workspace_id=workspace_id, basis=basis, first_id=first, last_id=last)
    groups = found.groups
    going = [row for row in groups if not row["fate"]]
    by_account = _sums(going, "account")
    changed = _changed(groups) if going else ()
    accounts = _sums(groups, "account") if found.exact else accounts_of(workspace_id)
    return Preview(
        first_id=first,
        last_id=last,
        selected=sum(row["n"] for row in groups),
        counted=found.counted,
        exact=found.exact,
        replayable=sum(by_account.values()),
        by_status=_states(groups),
        skipped=_sums((row for row in groups if row["fate"]), "fate"),
        accounts=tuple(sorted(accounts)),
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


def _sums(groups: Iterable[dict[str, Any]], key: str) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for row in groups:
        sums[row[key]] += row["n"]
    return sums


def _states(groups: Iterable[dict[str, Any]]) -> Counter[str]:
    return _sums(
        ({**row, "status": "held"} if row["held_reason"] else row for row in groups), "status"
    )


def _loads(by_account: Counter[int]) -> Iterable[Load]:
    accounts = Account.objects.in_bulk(list(by_account))
    for pk, number in by_account.most_common():
        yield load(accounts[pk], number)


def _changed(groups: Iterable[dict[str, Any]]) -> list[Changed]:
    """Rules whose version is another one now, the most deliveries first."""
    found = [row for row in groups if row["rule__current"] not in (None, row["rule_version"])]
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
