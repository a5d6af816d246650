"""Unmatched radar: what came lately and no rule covers, with the nearest rule.

Reads hourly counts and the rules of now, never the events themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Max, Q, Sum

from deliveries.models import EventHour
from deliveries.rollups import HOUR, hour_of
from deliveries.verdicts import NAMES
from meshes.models import Workspace
from rules.facts import Facts
from rules.index import index_for
from rules.matching import CONDITIONS, Check, explain
from rules.models import Rule

SHOWN = 50
READ = 500
COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Near:
    """The rule that comes nearest, and the conditions that the events do not meet."""

    rule: Rule
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blip:
    """One combination that no rule covers.

    Shape: `count` events matched nothing; `last` is the hour in which it came last.
    """

    facts: Facts
    count: int
    last: datetime
    near: Near | None


@dataclass(frozen=True, slots=True)
class Radar:
    """The combinations, most frequent first; `more` of them are not shown."""

    blips: tuple[Blip, ...]
    more: int


def radar_of(workspace: Workspace, *, days: int, now: datetime) -> Radar:
    """What no active rule covers now, among the most frequent 500 that matched nothing.

    Shape: what a rule covers by now is left out, whatever it was when it came.
    """
    index = index_for(workspace.pk, workspace.rules_version)
    rows = [row for row in _unmatched(workspace.pk, days, now) if not index.match(row[0])]
    rules = _rules(workspace.pk, [facts for facts, *_ in rows[:SHOWN]])
    blips = tuple(Blip(*row, _nearest(row[0], rules)) for row in rows[:SHOWN])
    return Radar(blips, max(0, len(rows) - SHOWN))


def _unmatched(workspace_id: UUID, days: int, now: datetime) -> list[tuple[Facts, int, datetime]]:
    since = hour_of(now) + HOUR - timedelta(days=days)
    hours = EventHour.objects.filter(
        workspace=workspace_id, hour__gte=since, accepted__gt=F("matched")
    )
    grouped = hours.order_by().values_list(*CONDITIONS)
    found = grouped.annotate(n=Sum(F("accepted") - F("matched")), last=Max("hour"))
    return [(Facts(*places), n, last) for *places, n, last in found.order_by("-n")[:READ]]


def _rules(workspace_id: UUID, wanted: Sequence[Facts]) -> list[Rule]:
    """Rules that share a name, page or sequence with what came."""
    shared = Q(event__in={facts.event for facts in wanted})
    shared |= Q(page_id__in={facts.page_id for facts in wanted if facts.page_id})
    shared |= Q(resource_id__in={facts.resource_id for facts in wanted if facts.resource_id})
    rules = Rule.objects.live().filter(shared, workspace=workspace_id, hidden=False)
    usable = rules.filter(connection__deleted_at__isnull=True)
    return list(usable.order_by("-active", "name", "pk")[:COMPARED])


def _nearest(facts: Facts, rules: Sequence[Rule]) -> Near | None:
    """The rule with the fewest conditions amiss, one that is on before one that is off.

    Shape: None where no rule is about this name, this page or this sequence.
    """
    said = asdict(facts)
    related = [rule for rule in rules if _shares(rule, said)]
    if not related:
        return None
    nearest = min(related, key=lambda rule: (_amiss(rule, said), not rule.active))
    failed = tuple(_difference(check) for check in explain(nearest, facts).checks if not check.ok)
    off = () if nearest.active else ("it is off",)
    return Near(nearest, (*failed, *off))


def _shares(rule: Rule, said: dict[str, str]) -> bool:
    names = ("event", "page_id", "resource_id")
    return any(said[name] and getattr(rule, name) == said[name] for name in names)


def _amiss(rule: Rule, said: dict[str, str]) -> int:
    return sum(getattr(rule, name) not in ("", said[name]) for name in CONDITIONS)


def _difference(check: Check) -> str:
    came = f"these say {check.actual}" if check.actual else "these name none"
    return f"it asks for {NAMES[check.name]} {check.expected}, and {came}"
