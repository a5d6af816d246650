"""What a rule that is being edited would have matched: a bounded look at past events.

Nothing is stored and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from connections.models import Connection
from deliveries.id_bounds import id_before
from deliveries.models import Delivery, Event
from deliveries.searching import OF_PAGE
from deliveries.seeking import along_index
from rules.drafts import RuleDraft
from rules.facts import Facts
from rules.mapping import EMAIL, email_of, generated_schema
from rules.mapping_versions import current_mapping
from rules.matching import CONDITIONS, Conditional, explain
from rules.models import Rule
from rules.targets import action_of

MOST_READ = 20_000
MOST_MAPPED = 5_000
AT_ONCE = 500
SAMPLES = 5
LEAST_DROP = 10
DROP_TO = 0.5

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What one condition matched, newest first.

    Shape: `cut` says that older events of the period were not read, and
    nothing below `floor` was.
    """

    rows: tuple[Row, ...]
    looked_at: int
    floor: int
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What the draft would have done; `before` are the people of the stored rule, if there is one.

    Shape: `reached` counts those of the newest `asked_about` people who got
    the target through Meshes. `since` is the oldest moment looked at.
    """

    days: int
    looked_at: int
    cut: bool
    since: datetime
    events: int
    people: int
    before: int | None
    asked_about: int
    reached: int
    samples: tuple[Event, ...]
    emails: tuple[str, ...]

    @property
    def is_big_drop(self) -> bool:
        """Whether so many fewer people match than before that somebody should say yes to it."""
        if self.before is None or self.before < LEAST_DROP:
            return False
        return self.people < self.before * DROP_TO


def dry_run(draft: RuleDraft, *, rule: Rule | None, days: int, now: datetime) -> DryRun:
    """What the draft would have matched in the last days, beside the stored rule.

    Why: both are held against the same events, so that the two numbers compare.
    """
    start = now - timedelta(days=days)
    events = Event.objects.filter(workspace=draft.workspace.pk, erased_at__isnull=True)
    low = id_before(Event.objects.filter(workspace=draft.workspace.pk), start)
    after = _matching(draft, events, low=low, start=start)
    before = None
    if rule is not None:
        stored = _matching(rule, events, low=low, start=start)
        floor = max(after.floor, stored.floor)
        after, stored = (_above(floor, each) for each in (after, stored))
        before = len(_emails(stored.rows, rule.connection))
    emails = _emails(after.rows, draft.connection)
    newest = emails[:MOST_MAPPED]
    return DryRun(
        days=days,
        looked_at=after.looked_at,
        cut=after.cut,
        since=_since(after, start),
        events=len(after.rows),
        people=len(emails),
        before=before,
        asked_about=len(newest),
        reached=_reached(draft, newest),
        samples=_samples(after),
        emails=emails,
    )


def drop_words(found: DryRun) -> str:
    """`Now 312 people, after your edit 4`, as a sentence with its period."""
    return (
        f"In the last {found.days} days this rule matched {found.before:,} people, "
        f"after your edit it matches {found.people:,}."
    )


def _matching(
    condition: Conditional, events: QuerySet[Event], *, low: int, start: datetime
) -> Matching:
    rows = list(_candidates(condition, events.filter(pk__gt=low))[: MOST_READ + 1])
    cut, rows = len(rows) > MOST_READ, rows[:MOST_READ]
    fitting = [
        row
        for row in rows
        if row["created_at"] >= start and not row["is_test"] and _fits(condition, row)
    ]
    return Matching(
        rows=tuple(fitting),
        looked_at=len(rows),
        floor=rows[-1]["pk"] if cut else low + 1,
        cut=cut,
    )


def _candidates(condition: Conditional, events: QuerySet[Event]) -> QuerySet[Event, Row]:
    """The newest events that an index finds for the condition."""
    if condition.page_id:
        events = along_index(events, OF_PAGE).filter(page_id=condition.page_id)
    else:
        events = events.filter(event=condition.event)
    rows: QuerySet[Event, Row] = events.order_by("-pk").values(
        *CONDITIONS, "pk", "email", "created_at", "is_test"
    )
    return rows


def _fits(condition: Conditional, row: Row) -> bool:
    return explain(condition, Facts(**{name: row[name] for name in CONDITIONS})).ok


def _emails(rows: Sequence[Row], connection: Connection) -> tuple[str, ...]:
    """The people of the events, each once, as the connection's mapping finds them."""
    mapping = current_mapping(connection.pk)
    schema = mapping.schema if mapping else generated_schema()
    if _is_plain(schema):
        found = [row["email"] for row in rows]
    else:
        payloads = _payloads([row["pk"] for row in rows[:MOST_MAPPED]])
        found = [email_of(schema, payloads[pk]) for pk in sorted(payloads, reverse=True)]
    return tuple(dict.fromkeys(filter(None, found)))


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether the mapping takes the email that the event's own column holds."""
    entry = next((field for field in schema["fields"] if field["dest"] == EMAIL), None)
    return entry is not None and entry["source"] == {"type": "path", "value": "email"}


def _payloads(ids: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = Event.objects.filter(pk__in=ids[start : start + AT_ONCE])
        found |= dict(some.values_list("pk", "payload"))
    return found


def _above(floor: int, found: Matching) -> Matching:
    """What lies within the part of the period that both conditions were held against."""
    if floor <= found.floor:
        return found
    rows = tuple(row for row in found.rows if row["pk"] >= floor)
    return Matching(rows=rows, looked_at=found.looked_at, floor=floor, cut=True)


def _since(found: Matching, start: datetime) -> datetime:
    if not found.cut:
        return start
    rows = Event.objects.filter(pk__gte=found.floor).order_by("pk")
    oldest = rows.values_list("created_at", flat=True).first()
    return max(oldest or start, start)


def _reached(draft: RuleDraft, emails: Sequence[str]) -> int:
    """How many of the people got the draft's target through Meshes."""
    action = action_of(draft.connection.kind, draft.action)
    if action is None:
        return 0
    rows = Delivery.objects.filter(
        workspace=draft.workspace.pk,
        account=draft.connection.account_id,
        target_kind=action.target_kind,
        target_id=draft.target_id,
        action=draft.action,
        applied_id__isnull=False,
    )
    found: set[str] = set()
    for start in range(0, len(emails), AT_ONCE):
        some = rows.filter(email__in=emails[start : start + AT_ONCE])
        found |= set(some.values_list("email", flat=True))
    return len(found)


def _samples(found: Matching) -> tuple[Event, ...]:
    newest = [row["pk"] for row in found.rows[:SAMPLES]]
    return tuple(Event.objects.defer("payload").filter(pk__in=newest).order_by("-pk"))
