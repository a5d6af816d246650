"""Whether what was accepted is stored, once, can explain itself, and the books balance."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.faults.client import PENDING, Ledger
from tests.faults.happened import Happened
from tests.faults.verdicts import Verdict

CHUNK = 2000
EXPLAINED = 50


def stored_once(ledger: Ledger) -> Verdict:
    """Every accepted event is stored exactly once per key, every refused one not at all."""
    from deliveries.models import Event

    rows = Event.objects.values_list("user_id", "uuid")
    stored: defaultdict[str, set[str]] = defaultdict(set)
    for marker, uuid in rows.iterator(CHUNK):
        stored[marker].add(str(uuid))
    broken = [text for sent in ledger.sent for text in _wrongly_stored(sent, stored)]
    known = {marker for sent in ledger.sent for marker in sent.post.markers}
    broken += [f"The event {marker} was never posted." for marker in stored.keys() - known]
    accepted = sum(sent.status in (201, 207) for sent in ledger.sent)
    unknown = sum(sent.status == PENDING for sent in ledger.sent)
    note = f"{accepted:,} requests accepted, {unknown} without an answer"
    return Verdict("accepted means stored, once per key", len(known), tuple(broken), note)


def _wrongly_stored(sent: Any, stored: dict[str, set[str]]) -> list[str]:
    found = [sent.odd] if sent.odd else []
    if sent.status == PENDING:
        found.append(f"{sent.post.key} got no answer however often it was repeated.")
    for place, marker in enumerate(sent.post.markers):
        ids = stored.get(marker, set())
        if sent.status == PENDING:
            wrong = len(ids) > 1
        else:
            wrong = ids != ({sent.ids[place]} if sent.ids and sent.ids[place] else set())
        if wrong:
            found.append(
                f"{sent.post.key}, {marker}: answered {sent.status}, stored {len(ids)} times."
            )
    return found


def matched(happened: Happened) -> Verdict:
    """Every event has exactly the deliveries of the rules that were valid for it."""
    from deliveries.models import Event

    versions = _versions_by_rule()
    by_event: defaultdict[int, set[tuple[Any, Any]]] = defaultdict(set)
    for row in happened.deliveries:
        by_event[row.event_id].add((row.rule_id, row.version_id))
    valid: dict[int, list[Any]] = {}
    broken, count = [], 0
    for event in Event.objects.order_by("pk").iterator(CHUNK):
        at = event.rules_version
        valid[at] = valid.get(at) or _valid_at(at, versions)
        expected = _expected(event, valid[at])
        count += 1
        if expected != by_event[event.pk] or event.total_rules != len(expected):
            broken.append(f"Event {event.pk} has other deliveries than its rules ask for.")
    broken += _unexplained()
    note = f"{len(valid)} versions of the rules"
    return Verdict("every event can say of every rule why", count, tuple(broken), note)


def _versions_by_rule() -> dict[Any, list[Any]]:
    from rules.models import RuleVersion

    found: defaultdict[Any, list[Any]] = defaultdict(list)
    for version in RuleVersion.objects.order_by("number"):
        found[version.rule_id].append(version)
    return found


def _valid_at(rules_version: int, versions: dict[Any, list[Any]]) -> list[Any]:
    valid = []
    for known in versions.values():
        then = [version for version in known if version.rules_version <= rules_version]
        if then and then[-1].matches:
            valid.append(then[-1])
    return valid


def _expected(event: Any, valid: list[Any]) -> set[tuple[Any, Any]]:
    from rules.facts import facts_of
    from rules.matching import explain

    facts = facts_of(
        event=event.event,
        resource=event.resource,
        resource_id=event.resource_id,
        payload=event.payload,
    )
    return {(one.rule_id, one.pk) for one in valid if explain(one, facts).ok}


def _unexplained() -> list[str]:
    from deliveries.models import Event

    events = Event.objects.filter(total_rules=0).order_by("-pk")[:EXPLAINED]
    return [f"Event {e.pk} cannot say why it matched nothing." for e in events if not _why(e)]


def _why(event: Any) -> bool:
    from deliveries.unmatched import why_unmatched

    answer = why_unmatched(event)
    return bool(answer.why and answer.next_step)


def books(happened: Happened) -> Verdict:
    """The sums of events and of deliveries add up."""
    from django.db.models import Sum

    from deliveries.models import Event

    events = Event.objects.count()
    unmatched = Event.objects.filter(total_rules=0).count()
    matched_events = Event.objects.filter(deliveries__isnull=False).distinct().count()
    planned = Event.objects.aggregate(sum=Sum("total_rules"))["sum"] or 0
    parts = Counter(_part(row) for row in happened.deliveries)
    broken = []
    if events != unmatched + matched_events:
        broken.append(f"{events} events, but {unmatched} unmatched and {matched_events} matched.")
    if planned != len(happened.deliveries) or planned != sum(parts.values()):
        broken.append(f"{planned} deliveries were planned, {len(happened.deliveries)} are there.")
    said = ", ".join(f"{count:,} {part}" for part, count in sorted(parts.items()))
    note = f"{unmatched:,} unmatched; {len(happened.deliveries):,} deliveries: {said}"
    return Verdict("the books balance", events, tuple(broken), note)


def _part(row: Any) -> str:
    if row.held_reason:
        return "held"
    waiting = ("pending", "processing", "retrying")
    return "waiting" if row.status in waiting else str(row.status)
