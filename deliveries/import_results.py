"""What became of each person of an import: confirmed, or on by a single call and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connections.destinations.base import Exchange
from connections.destinations.bulk import BulkItem, BulkSeen
from connections.destinations.errors import RateLimited, TimedOut
from connections.pace import pause
from connections.timeouts import note_timeout
from deliveries.import_holding import Hold
from deliveries.import_items import in_hand, items_of
from deliveries.import_rows import Miss, Result, store
from deliveries.jobs import values_to_hide
from deliveries.models import Delivery, ImportBatch, Outcome
from deliveries.outcomes import judge
from deliveries.recording import as_json
from meshes.redaction import masked_text

TOO_MANY_REQUESTS = 429

REJECTED = Miss(
    Outcome.REJECTED_CLIENT_ERROR,
    reason="import_rejected",
    message="The bulk import left this person out; a single call finds out why.",
)
UNCONFIRMED = Miss(
    Outcome.REJECTED_SERVER_ERROR,
    reason="import_unconfirmed",
    message="The bulk import ended without showing the tag on this contact; a single call follows.",
)
UNFINISHED = Miss(
    Outcome.TIMEOUT,
    reason="import_unfinished",
    message="The bulk import did not end within 10 minutes; a single call follows.",
)


def record(hold: Hold, found: Mapping[str, BulkSeen]) -> None:
    """Each delivery completed, or on its way by a single call, as the import was read back.

    Shape: `found` by email; `hold.exchanges` are the status and the readings.
    """
    ended = ImportBatch.State.FINAL

    def outcome(delivery: Delivery, seen: BulkSeen) -> Miss | None:
        if delivery.target_id in seen.links:
            return None
        return REJECTED if seen.refused else UNCONFIRMED

    results = _results(hold, found, outcome)
    store(hold, results, state=ended)


def fall_back(hold: Hold, miss: Miss, *, rest_s: float) -> None:
    """Everybody on by single calls, as nobody knows what the import did or will do."""
    results = _results(hold, {}, lambda _delivery, _seen: miss)
    store(hold, results, state=ImportBatch.State.ABANDONED, rest_s=rest_s)


def refused_whole(hold: Hold, error: Exception, *, rest_s: float) -> None:
    """Everybody on by single calls, as the import was refused; that cost nobody a try."""
    verdict = judge(error)
    if verdict.retry_after_s is not None:
        rest_s = max(rest_s, verdict.retry_after_s)
    fall_back(hold, Miss(verdict.outcome, verdict.reason, verdict.message), rest_s=rest_s)


def heed(hold: Hold, error: Exception) -> None:
    """Do what an error asks of the whole account: pause it, or expect silence.

    Why: only a 429 is about the account, the importer has a limit of its own.
    """
    if isinstance(error, TimedOut):
        note_timeout(hold.batch.account_id)
    if not isinstance(error, RateLimited) or not hold.exchanges:
        return
    if hold.exchanges[-1].status == TOO_MANY_REQUESTS:
        pause(hold.batch.account_id, seconds=error.retry_after_s, reason=error.reason)


def _results(hold: Hold, found: Mapping[str, BulkSeen], judged: Any) -> list[Result]:
    deliveries = in_hand(hold.batch)
    items = items_of(hold.batch, deliveries)
    results = []
    for delivery in deliveries:
        seen, item = found.get(delivery.email, BulkSeen()), items.get(delivery.pk)
        told = _told(hold, delivery, item, seen) if item else []
        results.append(Result(delivery, item, seen, judged(delivery, seen), told))
    return results


def _told(hold: Hold, delivery: Delivery, item: BulkItem, seen: BulkSeen) -> list[dict[str, Any]]:
    """What was said about this person: the POST, the status, and where it was read back."""
    first = [Exchange(**kept) for kept in hold.batch.detail.get("exchanges", ())]
    asked = [exchange for exchange in hold.exchanges if exchange.method != "POST"]
    reading = asked[seen.read : seen.read + 1] if seen.read else []
    hide = values_to_hide(delivery, item.job)
    told = (hold.bulk.share(each, item, seen) for each in [*first, *asked[:1], *reading])
    return [
        as_json(replace(each, response_body=masked_text(each.response_body, hide=hide)))
        for each in told
    ]
