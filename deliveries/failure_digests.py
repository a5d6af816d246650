"""Repeated failures of a rule or a connection, gathered into one digest per workspace and hour.

Counts rows; never reads whom a delivery is about.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from django.db import connection, transaction

from deliveries.claiming import TABLE, as_parameter, as_uuid
from deliveries.models import Alert
from meshes.models import Workspace

FAILURES_MIN = 3
EVERY = timedelta(hours=1)
GOES_ON = timedelta(hours=2)
"""A digest that follows the one before within this time counts from there on."""

RUN_S = 8.0
CONSENT = ("contact_unsubscribed", "contact_bounced")
COUNTED = 5000

# The condition of the index as a literal, so that SQLite uses it, too.
FAILED_SQL = f"""
WITH newest AS MATERIALIZED (
  SELECT rule_id, connection_id, reason, completed_at, is_test FROM {TABLE}
  WHERE workspace_id = %s AND status = 'failed' AND NOT (status = 'completed')
  ORDER BY id DESC LIMIT {COUNTED})
SELECT rule_id, connection_id, reason, COUNT(*) FROM newest
WHERE completed_at > %s AND completed_at <= %s AND NOT is_test AND reason NOT IN (%s, %s)
GROUP BY rule_id, connection_id, reason
"""  # noqa: S608

Pair = tuple[UUID, UUID]
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Window:
    since: datetime
    last_id: int | None


def open_digests(now: datetime) -> int:
    """How many workspaces have a new digest; a run that takes too long leaves some to the next."""
    enough = time.monotonic() + RUN_S
    ids = Workspace.objects.live().order_by("?").values_list("pk", flat=True)
    asked = takewhile(lambda _: time.monotonic() < enough, ids)
    return sum(_open(workspace_id, now=now) for workspace_id in asked)


def _open(workspace_id: UUID, *, now: datetime) -> bool:
    window = _window(workspace_id, now=now)
    if window is None:
        return False
    failing = repeated(_failed(workspace_id, since=window.since, until=now))
    return bool(failing) and _store(workspace_id, failing, window=window, now=now)


def _window(workspace_id: UUID, *, now: datetime) -> _Window | None:
    """From when to count, or None while the last digest is younger than an hour."""
    last = _last(workspace_id)
    if last is None or last.last_at <= now - GOES_ON:
        return _Window(now - EVERY, last.pk if last else None)
    told = max(last.last_at, last.mailed_at or last.last_at)
    return None if told > now - EVERY else _Window(last.last_at, last.pk)


def _last(workspace_id: UUID) -> Alert | None:
    digests = Alert.objects.filter(workspace=workspace_id, kind=Alert.Kind.FAILURES)
    return digests.order_by("-id").first()


def _failed(
    workspace_id: UUID, *, since: datetime, until: datetime
) -> list[tuple[UUID, UUID, str, int]]:
    asked = [as_uuid(workspace_id), as_parameter(since), as_parameter(until), *CONSENT]
    with connection.cursor() as cursor:
        cursor.execute(FAILED_SQL, asked)
        return [(_uuid(rule), _uuid(line), *rest) for rule, line, *rest in cursor.fetchall()]


def repeated(failed: Iterable[tuple[UUID, UUID, str, int]]) -> dict[Pair, dict[str, int]]:
    """By rule and connection the counts by reason, where either failed often enough."""
    counts: dict[Pair, dict[str, int]] = defaultdict(dict)
    totals: dict[UUID, int] = defaultdict(int)
    for rule_id, connection_id, reason, count in failed:
        counts[rule_id, connection_id][reason] = count
        totals[rule_id] += count
        totals[connection_id] += count
    often = {pk for pk, total in totals.items() if total >= FAILURES_MIN}
    return {pair: found for pair, found in counts.items() if often.intersection(pair)}


def _store(
    workspace_id: UUID, failing: Mapping[Pair, Counts], *, window: _Window, now: datetime
) -> bool:
    """Whether the digest is ours; its first row carries the mail for all of them."""
    rows = [
        Alert(
            workspace_id=workspace_id,
            kind=Alert.Kind.FAILURES,
            key=f"{rule_id} {connection_id}",
            rule_id=rule_id,
            connection_id=connection_id,
            counts=counts,
            raised_at=now,
            last_at=now,
        )
        for (rule_id, connection_id), counts in failing.items()
    ]
    rows.sort(key=lambda row: -sum(row.counts.values()))
    rows[0].mail_after = now
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).only("pk").get(pk=workspace_id)
        last = _last(workspace_id)
        if (last.pk if last else None) != window.last_id:  # another process was faster
            return False
        _close_older(workspace_id, now=now)
        Alert.objects.bulk_create(rows)
    return True


def _close_older(workspace_id: UUID, *, now: datetime) -> None:
    older = Alert.objects.filter(workspace=workspace_id, kind=Alert.Kind.FAILURES)
    older.filter(resolved_at__isnull=True).update(resolved_at=now, mail_after=None)


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
