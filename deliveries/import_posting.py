"""From deliveries in hand to a queued import: names confirmed, attempts written, one POST.

Until the attempts are written nothing has left, and all can go back as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from connections import destinations
from connections.clock import database_now
from connections.destinations.base import Call
from connections.destinations.bulk import BulkItem, BulkSeen
from connections.destinations.errors import DestinationError
from connections.models import ContactCache
from connections.pace import Paused
from deliveries.giving_back import give_back_all
from deliveries.import_claiming import MORE_THAN, RUNS_S, SPARE_S
from deliveries.import_holding import Hold, ImportLost, Interrupted, always
from deliveries.import_items import in_hand, items_of
from deliveries.import_results import heed, refused_whole
from deliveries.locking import lock_in_order
from deliveries.models import Attempt, Delivery, ImportBatch, Status
from deliveries.recording import as_json
from meshes.encryption import CannotOpen

log = structlog.get_logger(__name__)

FIRST_LOOK_S = 3.0
DOUBT_LOOK_S = 10.0
SHORT_REST_S = 30.0
LONG_REST_S = 300.0
MOST_NAMES = 10
"""Each name costs a call, which must stay few beside the people."""

SINGLY = {"singly": True}
"""The progress of a delivery that no import takes again."""


def post(hold: Hold) -> None:
    """Send the import that was just taken in hand.

    Shape: afterwards it is posted, in doubt, or abandoned with all its
    deliveries back in line.
    """
    try:
        line = hold.line()
        deliveries = _confirmed(hold, line)
        items = _chosen(hold, deliveries)
        hold.check()
    except Interrupted:
        give_back(hold, rest_s=0.0)
        return
    except ImportLost:
        raise
    except Exception as error:
        # Whatever it was, single calls find it out with the delivery that it is about.
        if not isinstance(error, (DestinationError, Paused, CannotOpen)):
            log.error("import_not_prepared", batch_id=hold.batch.pk, exc_info=error)
        heed(hold, error)
        give_back(hold, rest_s=SHORT_REST_S if isinstance(error, Paused) else LONG_REST_S)
        return
    if len(items) <= MORE_THAN:
        give_back(hold, rest_s=SHORT_REST_S)
        return
    items = _begin(hold, items)
    if items:
        _send(hold, line, items)


def give_back(hold: Hold, *, rest_s: float) -> None:
    """Put everything back in line as it was; nothing was sent."""
    with transaction.atomic():
        _release(hold.batch)
        hold.finish(ImportBatch.State.ABANDONED, rest_s=rest_s)
    log.info("import_given_back", batch_id=hold.batch.pk, account_id=hold.batch.account_id)


def _release(batch: ImportBatch, ids: Collection[int] | None = None, **more: Any) -> None:
    held = Delivery.objects.filter(batch=batch, lease_token=batch.token, status=Status.PROCESSING)
    if ids is not None:
        held = held.filter(pk__in=ids)
    give_back_all(held, batch=None, **more)


def _confirmed(hold: Hold, line: Call) -> list[Delivery]:
    """The deliveries whose target has the name that the account has just shown."""
    deliveries = in_hand(hold.batch)
    counted = Counter(delivery.target_id for delivery in deliveries)
    asked = [target_id for target_id, _ in counted.most_common(MOST_NAMES)]
    names = {target_id: hold.bulk.confirmed_name(line, target_id) for target_id in asked}
    gone = [row.pk for row in deliveries if names.get(row.target_id) == ""]
    _release(hold.batch, gone, progress=SINGLY)
    hold.batch.detail = {"names": {key: name for key, name in names.items() if name}}
    return [row for row in deliveries if names.get(row.target_id)]


def _chosen(hold: Hold, deliveries: list[Delivery]) -> dict[int, BulkItem]:
    """What is sent of each person; who is not among them goes by single calls."""
    items = items_of(hold.batch, deliveries)
    _release(hold.batch, [row.pk for row in deliveries if row.pk not in items], progress=SINGLY)
    bare = _without_fields(hold, items)
    hold.batch.detail["without_fields"] = sorted(bare)
    items = {pk: replace(item, with_fields=pk not in bare) for pk, item in items.items()}
    number = hold.bulk.fitting(list(items.values()))
    return dict(list(items.items())[:number])


def _without_fields(hold: Hold, items: dict[int, BulkItem]) -> set[int]:
    """Whose fields the account is known to hold already."""
    destination = destinations.destination(hold.connection.kind)
    emails = [item.job.email for item in items.values()]
    known = ContactCache.objects.filter(account_id=hold.batch.account_id, email__in=emails)
    hashes = dict(known.values_list("email", "fields_hash"))
    wanted = {pk: destination.fields_hash(item.job) for pk, item in items.items()}
    return {pk for pk, item in items.items() if wanted[pk] in ("", hashes.get(item.job.email))}


def _begin(hold: Hold, items: dict[int, BulkItem]) -> dict[int, BulkItem]:
    """The items whose attempts are now written down; from here on all is in doubt."""
    now, batch = database_now(), hold.batch
    over = now + timedelta(seconds=RUNS_S)
    with transaction.atomic():
        own = Delivery.objects.filter(
            batch=batch, lease_token=batch.token, status=Status.PROCESSING
        )
        asked = own.filter(
            pk__in=items,
            cancel_asked_at__isnull=True,
            rule__deleted_at__isnull=True,
            connection__active=True,
        )
        lock_in_order(own)
        begun = list(asked.select_related("rule_version").order_by("pk"))
        ids = [row.pk for row in begun] if len(begun) > MORE_THAN else []
        _release(batch, own.exclude(pk__in=ids).values_list("pk", flat=True))
        if not ids:
            hold.finish(ImportBatch.State.ABANDONED, rest_s=SHORT_REST_S)
            return {}
        own.filter(pk__in=ids).update(
            attempt_count=F("attempt_count") + 1,
            run_attempts=F("run_attempts") + 1,
            lease_until=over + timedelta(seconds=SPARE_S),
        )
        Attempt.objects.bulk_create(_attempt(row, batch, now) for row in begun)
        _doubt_fields(batch, [items[pk] for pk in ids])
        hold.change(
            state=ImportBatch.State.DOUBTFUL, size=len(ids), detail=batch.detail, posted_at=now,
            give_up_at=over, next_look_at=now + timedelta(seconds=DOUBT_LOOK_S),
        )  # fmt: skip
    return {pk: items[pk] for pk in ids}


def _attempt(delivery: Delivery, batch: ImportBatch, now: Any) -> Attempt:
    return Attempt(
        delivery=delivery,
        number=delivery.attempt_count + 1,
        trigger=delivery.trigger,
        asked_by=delivery.asked_by,
        rule_version=delivery.rule_version,
        connection_id=delivery.connection_id,
        target_id=delivery.target_id,
        target_label=delivery.rule_version.target_label,
        lease_token=batch.token,
        started_at=now,
    )


def _doubt_fields(batch: ImportBatch, items: Iterable[BulkItem]) -> None:
    emails = [item.job.email for item in items if item.with_fields]
    ContactCache.objects.filter(account_id=batch.account_id, email__in=emails).update(
        fields_hash=""
    )


def _send(hold: Hold, line: Call, items: dict[int, BulkItem]) -> None:
    people = list(items.values())
    hold.exchanges.clear()
    hold.going = always  # from here on all is in doubt until the request is out
    try:
        import_id = hold.bulk.post(line, people)
    except (DestinationError, Paused) as error:
        _not_queued(hold, error, people[0])
    else:
        at = database_now() + timedelta(seconds=FIRST_LOOK_S)
        hold.change(
            state=ImportBatch.State.POSTED, external_id=import_id[:64],
            detail=_with_exchanges(hold, people[0]), next_look_at=at, lease_until=None,
        )  # fmt: skip
        log.info("import_posted", batch_id=hold.batch.pk, people=len(people))


def _not_queued(hold: Hold, error: Exception, person: BulkItem) -> None:
    """Everything back when the error proves that nothing was queued; else wait and see."""
    heed(hold, error)
    hold.batch.detail = _with_exchanges(hold, person)
    if isinstance(error, DestinationError) and not hold.bulk.is_unqueued(error):
        at = database_now() + timedelta(seconds=DOUBT_LOOK_S)
        hold.change(detail=hold.batch.detail, next_look_at=at, lease_until=None)
        log.warning("import_in_doubt", batch_id=hold.batch.pk, reason=error.reason)
        return
    refused_whole(hold, error, rest_s=LONG_REST_S)


def _with_exchanges(hold: Hold, person: BulkItem) -> dict[str, Any]:
    """The import's detail with the POST, without anything about a person."""
    sent = [exchange for exchange in hold.exchanges if exchange.method == "POST"]
    shared = (hold.bulk.share(exchange, person, BulkSeen()) for exchange in sent)
    kept = [as_json(replace(exchange, request_body="")) for exchange in shared]
    return {**hold.batch.detail, "exchanges": kept}
