"""Whether what people had the engine do beside live traffic came to a good end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.faults.backfills import Backfilled
from tests.faults.happened import Happened
from tests.faults.verdicts import Verdict

TAKEN_IN = timedelta(seconds=5)
WANTED = (
    "replay of one",
    "replay of an event's failed",
    "replay by",
    "jobs paused",
    "jobs resumed",
    "rules made late and backfilled",
    "bursts",
    "tags vanished",
    "people erased",
    "deliveries canceled",
    "events canceled",
)


def everything_was_done(counts: Mapping[str, int], errors: Iterable[str] = ()) -> Verdict:
    """Each kind of work was done at least once, or this run proves nothing about it.

    Shape: `errors` are what a verb raised although it says nothing of the kind.
    """
    missing = [
        kind for kind in WANTED if not any(name.startswith(kind) for name in +Counter(counts))
    ]
    broken = (*(f"Nobody could do this: {kind}." for kind in missing), *errors)
    return Verdict("every kind of work was done beside the faults", sum(counts.values()), broken)


def work_ended(left: Mapping[str, int], *, jobs: int, imports: int, erasures: int) -> Verdict:
    """Every job, import and erasure came to its end, and nothing is held any more."""
    broken = tuple(f"{count} {kind} have not ended." for kind, count in left.items() if count)
    note = f"{jobs} jobs, {imports} imports, {erasures} erasures"
    return Verdict("jobs, imports and erasures ended", jobs + imports + erasures, broken, note)


def backfilled_once(
    happened: Happened, done: Sequence[Backfilled], fitting: Mapping[Any, Collection[str]]
) -> Verdict:
    """A backfill reached each person of its rule's past events, and nobody twice.

    Shape: `fitting` maps each backfilled rule to the people whom its past
    events name and who were not erased.
    """
    reached: defaultdict[Any, set[str]] = defaultdict(set)
    late: Counter[tuple[Any, str]] = Counter()
    for row in happened.deliveries:
        reached[row.rule_id].add(row.key[1])
        late[row.rule_id, row.key[1]] += row.backfilled
    rules = {one.rule_id for one in done}
    broken = [
        f"A backfill of rule {rule} reached one person {number} times."
        for (rule, _email), number in late.items()
        if number > 1
    ]
    for rule in rules:
        missed = set(fitting.get(rule, ())) - reached[rule]
        if missed:
            broken.append(f"The backfill of rule {rule} did not reach {len(missed)} people.")
    note = f"{len(rules)} rules, {sum(late.values())} deliveries"
    return Verdict("a backfill reaches each person once", len(rules), tuple(broken), note)


def people_to_reach(done: Iterable[Backfilled]) -> dict[Any, set[str]]:
    """By rule, the people whom the fitting events of the past name."""
    from deliveries.backfilling import email_in, fitting
    from rules.models import Rule

    found = {}
    for one in done:
        rule = Rule.objects.select_related("current__mapping").get(pk=one.rule_id)
        # What was being taken in when the backfill began may have been too late for it.
        events = fitting(rule, since=one.since, until=one.until - TAKEN_IN)
        found[one.rule_id] = {email for event in events if (email := email_in(rule, event))}
    return found


def verified(code: int, text: str) -> Verdict:
    """`manage.py verify` found nothing wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    broken = () if code == 0 else (f"It exited with {code}.", *lines[-6:])
    return Verdict("manage.py verify exits with 0", len(lines), broken)
