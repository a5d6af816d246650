"""What waits for each account, and its pace: gauges, each from an index of its own.

Shape: a count of what waits ends at MOST_COUNTED, so that a long queue costs no more to
read than a short one; how late the oldest one is tells the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from prometheus_client.core import Metric

from connections.destinations import canary
from connections.models import Account, Connection
from deliveries.claiming import TABLE, WAITING_SQL
from deliveries.models import Priority
from meshes.hidden import shown
from meshes.metrics.labels import MOST, OTHERS, of_workspace, workspace_names
from meshes.metrics.samples import counter, gauge

MOST_COUNTED = 10_000
ACCOUNTS = Account._meta.db_table
WAITING = WAITING_SQL.format("d")
_QUEUED = f"""(SELECT COUNT(*) FROM (
  SELECT 1 FROM {TABLE} d WHERE d.account_id = a.id AND {WAITING} AND d.priority = {{0}}
  LIMIT {MOST_COUNTED}) AS counted)"""  # noqa: S608
_OLDEST = f"""(SELECT MIN(d.next_attempt_at) FROM {TABLE} d
  WHERE d.account_id = a.id AND {WAITING} AND d.priority = {{0}})"""  # noqa: S608
QUEUE_SQL = f"""
SELECT a.id, {", ".join(_QUEUED.format(each) for each in Priority.values)},
  {", ".join(_OLDEST.format(each) for each in Priority.values)}
FROM {ACCOUNTS} a WHERE a.kind <> %s ORDER BY a.id
"""  # noqa: S608
HELD_SQL = f"""
SELECT c.workspace_id, c.account_id, (SELECT COUNT(*) FROM (
  SELECT 1 FROM {TABLE} d WHERE d.connection_id = c.id AND NOT (d.held_reason = '')
  LIMIT {MOST_COUNTED}) AS counted)
FROM {Connection._meta.db_table} c WHERE c.kind <> %s
"""  # noqa: S608
QUEUED = f"Deliveries that wait for their turn or time; {MOST_COUNTED} stands for as many or more."
HELD = "Deliveries that a person or working credentials must release; counted in the same way."
LATE = "How late the delivery is that should have gone out first; 0 when none is due."
BUDGET = "Calls a second that all processes together may make to the account."
SLOTS = "Slots of the account's budget that were taken, one for each call."
LEFT = "How long the account is paused from now on; 0 when it is not."
PAUSED = "How long the account has been told to pause so far, in all."
PRIORITIES = {Priority.LIVE: "live", Priority.RETRY: "retry", Priority.REPLAY: "replay"}


class Queue(NamedTuple):
    """What waits for an account. Shape: by priority; `oldest` are the moments, or None."""

    account: int
    counts: Sequence[int]
    oldest: Sequence[datetime | None]


def names() -> Mapping[int, str]:
    """The label of each account: its host, or `others` for those beyond the first thousand."""
    rows = _of_people().values_list("pk", "key")
    return {pk: key if n < MOST else OTHERS for n, (pk, key) in enumerate(rows)}


def pairs(names: Mapping[int, str]) -> Iterable[tuple[str, str]]:
    """The workspace's id and the account's label of every connection there is."""
    rows = Connection.objects.live().filter(shown()).values_list("workspace_id", "account_id")
    return {(str(workspace), names.get(account, "")) for workspace, account in rows.distinct()}


def families(names: Mapping[int, str], *, now: datetime) -> Iterator[Metric]:
    """The gauges of what waits and of pace. Shape: `names` are labels of accounts."""
    queues = _queues()
    yield _waiting(queues, names)
    yield _oldest(queues, names, now=now)
    yield _held(names)
    yield from _pace(names, now=now)


def _of_people() -> QuerySet[Account]:
    """Every account but the canary's, which is none of a person."""
    return Account.objects.exclude(kind=canary.DESTINATION.kind).order_by("pk")


def _queues() -> list[Queue]:
    with connection.cursor() as cursor:
        cursor.execute(QUEUE_SQL, [canary.DESTINATION.kind])
        rows = cursor.fetchall()
    kinds = len(PRIORITIES)
    return [Queue(pk, rest[:kinds], list(map(_moment, rest[kinds:]))) for pk, *rest in rows]


def _moment(value: Any) -> datetime | None:
    """A moment as a raw statement gives it: SQLite knows only texts, in UTC."""
    found = parse_datetime(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def _waiting(queues: Iterable[Queue], names: Mapping[int, str]) -> Metric:
    found: Counter[tuple[str, str]] = Counter()
    for queue in queues:
        for word, count in zip(PRIORITIES.values(), queue.counts, strict=True):
            found[names.get(queue.account, ""), word] += count
    return gauge("meshes_deliveries_waiting", QUEUED, ("account", "priority"), found)


def _oldest(queues: Iterable[Queue], names: Mapping[int, str], *, now: datetime) -> Metric:
    found: dict[tuple[str, ...], float] = {}
    for queue in queues:
        since = min((moment for moment in queue.oldest if moment), default=now)
        name = names.get(queue.account, "")
        found[name,] = max(found.get((name,), 0.0), (now - since).total_seconds())
    return gauge("meshes_oldest_due_age_seconds", LATE, ("account",), found)


def _held(names: Mapping[int, str]) -> Metric:
    with connection.cursor() as cursor:
        cursor.execute(HELD_SQL, [canary.DESTINATION.kind])
        rows = cursor.fetchall()
    shown, found = workspace_names(), Counter[tuple[str, str]]()
    for workspace, account, count in rows:
        found[of_workspace(str(workspace), shown), names.get(account, "")] += count
    return gauge("meshes_deliveries_held", HELD, ("workspace", "account"), found)


def _pace(names: Mapping[int, str], *, now: datetime) -> Iterator[Metric]:
    budget, taken, left, paused = (defaultdict[tuple[str], float](float) for _ in range(4))
    for row in _of_people():
        place = (names.get(row.pk, ""),)
        budget[place] += row.requests_per_second
        taken[place] += row.slots_taken
        left[place] = max(left[place], _left(row.paused_until, now))
        paused[place] += row.paused_s
    for make, name, text, found in (
        (gauge, "meshes_account_budget_per_second", BUDGET, budget),
        (counter, "meshes_account_slots", SLOTS, taken),
        (gauge, "meshes_account_pause_left_seconds", LEFT, left),
        (counter, "meshes_account_paused_seconds", PAUSED, paused),
    ):
        yield make(name, text, ("account",), found)


def _left(until: datetime | None, now: datetime) -> float:
    return max(0.0, (until - now).total_seconds()) if until else 0.0
