"""Whether what was accepted is stored, once, can explain itself, and the books balance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from tests.faults import matching
from tests.faults.client import PENDING, Ledger
from tests.faults.happened import DeliveryRow, Happened
from tests.faults.posted import Posted
from tests.faults.verdicts import Verdict

CHUNK = 2000
EXPLAINED = 50


def stored_once(ledger: Ledger, known: Mapping[str, Posted]) -> Verdict:
    """Every accepted event is stored exactly once per key, every refused one not at all.

    Shape: an erased event says nothing any more; it is known by its public id.
    """
    from deliveries.models import Event

    rows = Event.objects.values_list("user_id", "uuid", "erased_at")
    stored: defaultdict[str, set[str]] = defaultdict(set)
    for marker, uuid, erased_at in rows.iterator(CHUNK):
        name = str(uuid)
        if erased_at is not None and name in known:
            marker = known[name].marker
        stored[marker].add(name)
    broken = [text for sent in ledger.sent for text in _wrongly_stored(sent, stored)]
    markers = {marker for sent in ledger.sent for marker in sent.post.markers}
    broken += [f"The event {marker} was never posted." for marker in stored.keys() - markers]
    accepted = sum(sent.status in (201, 207) for sent in ledger.sent)
    unknown = sum(sent.status == PENDING for sent in ledger.sent)
    note = f"{accepted:,} requests accepted, {unknown} without an answer"
    return Verdict("accepted means stored, once per key", len(markers), tuple(broken), note)


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


def matched(happened: Happened, known: Mapping[str, Posted], late: Collection[Any]) -> Verdict:
    """Every event has exactly the deliveries of the rules that were valid for it.

    Shape: `late` are the rules that were applied to past events, which may
    have brought a delivery to each that fits.
    """
    from deliveries.models import Event

    book = matching.Book(late=late)
    for version in _versions():
        book.add(version.rule_id, version.rules_version, version, matches=version.matches)
    by_event: defaultdict[int, list[DeliveryRow]] = defaultdict(list)
    for row in happened.deliveries:
        by_event[row.event_id].append(row)
    broken, count = [], 0
    for event in Event.objects.order_by("pk").iterator(CHUNK):
        fits = partial(_fits, _facts(event, known.get(str(event.uuid))))
        rows = by_event[event.pk]
        troubles = list(book.troubles(event.rules_version, rows, fits=fits))
        if event.total_rules != len(rows):
            troubles.append(f"says that {event.total_rules} rules fit and has {len(rows)}")
        count += 1
        broken += [f"Event {event.pk} {trouble}." for trouble in troubles]
    broken += _unexplained()
    extra = sum(row.backfilled for row in happened.deliveries)
    note = f"{book.moments} versions of the rules, {extra} deliveries backfilled"
    return Verdict("every event can say of every rule why", count, tuple(broken), note)


def _versions() -> Any:
    from rules.models import RuleVersion

    return RuleVersion.objects.order_by("number")


def _facts(event: Any, known: Posted | None) -> Any:
    from rules.facts import facts_of

    erased = event.erased_at is not None and known is not None
    return facts_of(
        event=event.event,
        resource=event.resource,
        resource_id=event.resource_id,
        payload=known.payload if known is not None and erased else event.payload,
    )


def _fits(facts: Any, version: Any) -> bool:
    from rules.matching import explain

    return bool(explain(version, facts).ok)


def _unexplained() -> list[str]:
    from deliveries.models import Event

    unmatched = Event.objects.filter(total_rules=0, erased_at__isnull=True)
    events = unmatched.order_by("-pk")[:EXPLAINED]
    return [f"Event {e.pk} cannot say why it matched nothing." for e in events if not _why(e)]


def _why(event: Any) -> bool:
    from deliveries.verdicts import verdicts_of

    answer = verdicts_of(event, [])
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
