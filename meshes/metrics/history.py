"""What came in and what became of it: counters that only grow, from the tallies.

Shape: events that no worker has counted yet are added on the spot, so that the counters of
events go on while no worker does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from django.db import connection
from prometheus_client.core import HistogramMetricFamily, Metric

from deliveries import tallies
from deliveries.claiming import as_uuid
from deliveries.models import Event, Status, Tally, TallyPlace
from meshes.hidden import CANARY_WORKSPACE
from meshes.metrics import accounts
from meshes.metrics.labels import of_workspace, workspace_names
from meshes.metrics.samples import counter

MOST_UNCOUNTED = 20_000

# One statement, so that no event is counted twice or left out while a worker counts on.
READ_SQL = f"""
SELECT measure, workspace_key, account_key, kind, detail, count, amount
FROM {Tally._meta.db_table}
UNION ALL
SELECT 'new', {{workspace}}, COUNT(*), '', '',
  SUM(CASE WHEN total_rules > 0 THEN 1 ELSE 0 END), SUM(total_rules)
FROM (
  SELECT workspace_id, total_rules FROM {Event._meta.db_table}
  WHERE is_test = FALSE AND workspace_id <> %s AND id > COALESCE(
    (SELECT counted_id FROM {TallyPlace._meta.db_table} WHERE name = 'events'), 0)
  ORDER BY id LIMIT {MOST_UNCOUNTED}) AS uncounted
GROUP BY workspace_id
"""  # noqa: S608
WORKSPACE = {"postgresql": "CAST(workspace_id AS text)", "sqlite": "workspace_id"}

Counts = Counter[tuple[str, ...]]
BOUNDS = (*map(str, tallies.BOUNDS_MS), tallies.BEYOND)
FAILURES = "failures"
COUNTERS: Sequence[tuple[str, str, str, tuple[str, ...]]] = (
    (
        tallies.ACCEPTED,
        "meshes_events_accepted",
        "Events that were stored, without test events.",
        ("workspace",),
    ),
    (
        tallies.MATCHED,
        "meshes_events_matched",
        "Accepted events that at least one rule matched.",
        ("workspace",),
    ),
    (
        tallies.PLANNED,
        "meshes_deliveries_planned",
        "Deliveries that accepted events were stored with, one for each matching rule.",
        ("workspace",),
    ),
    (
        tallies.ATTEMPTS,
        "meshes_attempts",
        "Attempts that have ended, by what asked for them and what they came to.",
        ("workspace", "account", "trigger", "outcome"),
    ),
    (
        tallies.ENDED,
        "meshes_deliveries_ended",
        "How often a delivery was completed or failed for good, without tests.",
        ("workspace", "account", "status"),
    ),
    (
        FAILURES,
        "meshes_delivery_failures",
        "How often a delivery failed for good, by the reason of its last attempt.",
        ("workspace", "reason"),
    ),
)
OF_EVENTS = (tallies.ACCEPTED, tallies.MATCHED, tallies.PLANNED)


class Row(NamedTuple):
    """A tally as it was read."""

    measure: str
    workspace: str
    account: int
    kind: str
    detail: str
    number: int
    amount: int


def families(names: Mapping[int, str]) -> Iterator[Metric]:
    """The counters and the histogram of attempts. Shape: `names` are labels of accounts."""
    rows = _rows()
    found = _counts(rows, names)
    for measure, name, text, labels in COUNTERS:
        yield counter(name, text, labels, found[measure])
    yield _latency(rows, names)


def _rows() -> list[Row]:
    statement = READ_SQL.format(workspace=WORKSPACE[connection.vendor])
    with connection.cursor() as cursor:
        cursor.execute(statement, [as_uuid(CANARY_WORKSPACE)])
        return [Row(*row) for row in cursor.fetchall()]


def _counts(rows: Sequence[Row], names: Mapping[int, str]) -> Mapping[str, Counts]:
    """By measure, what each combination of labels comes to.

    Why: what has not happened yet begins with 0, so that the first time shows as a rise.
    """
    shown = workspace_names()
    found: defaultdict[str, Counts] = defaultdict(Counter)
    for measure in OF_EVENTS:
        found[measure].update({(key,): 0 for key in shown})
    for workspace, account in accounts.pairs(names):
        for status in (Status.COMPLETED, Status.FAILED):
            found[tallies.ENDED][of_workspace(workspace, shown), account, str(status)] += 0
    for row in rows:
        workspace = of_workspace(row.workspace, shown)
        for measure, values, count in _parts(row, workspace, names.get(row.account, "")):
            found[measure][values] += count
    return found


def _parts(row: Row, workspace: str, account: str) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """What the row adds: the measure, the values of its labels, and how much."""
    if row.measure == "new":
        figures = (row.account, row.number, row.amount)
        yield from ((name, (workspace,), n) for name, n in zip(OF_EVENTS, figures, strict=True))
    elif row.measure == tallies.ATTEMPTS:
        yield row.measure, (workspace, account, row.kind, row.detail), row.number
    elif row.measure == tallies.ENDED:
        yield row.measure, (workspace, account, row.kind), row.number
        if row.kind == Status.FAILED:
            yield FAILURES, (workspace, row.detail), row.number
    elif row.measure in OF_EVENTS:
        yield row.measure, (workspace,), row.number


def _latency(rows: Sequence[Row], names: Mapping[int, str]) -> Metric:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sums: Counter[str] = Counter()
    for row in rows:
        if row.measure == tallies.LATENCY:
            counts[names.get(row.account, "")][row.kind] += row.number
            sums[names.get(row.account, "")] += row.amount
    family = HistogramMetricFamily(
        "meshes_attempt_duration_seconds",
        "How long attempts took, waiting for the account's budget not included.",
        labels=("account",),
    )
    for account, sorted_in in sorted(counts.items()):
        family.add_metric((account,), _buckets(sorted_in), sum_value=sums[account] / 1000)
    return family


def _buckets(counts: Mapping[str, int]) -> list[Any]:
    """Bounds in seconds, each with how many took no longer."""
    up_to = accumulate(counts.get(bound, 0) for bound in BOUNDS)
    return [(_seconds(bound), count) for bound, count in zip(BOUNDS, up_to, strict=True)]


def _seconds(bound: str) -> str:
    return "+Inf" if bound == tallies.BEYOND else str(int(bound) / 1000)
