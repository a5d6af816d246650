"""The deliveries that an import has in hand, and what it says of each person; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from connections.destinations.bulk import BulkItem
from connections.models import CatalogEntry
from deliveries.jobs import job_for
from deliveries.models import Delivery, ImportBatch, Status
from deliveries.outcomes import MappingFailed

log = structlog.get_logger(__name__)

RELATED = ("event", "rule_version__mapping")


def in_hand(batch: ImportBatch) -> list[Delivery]:
    """The deliveries that still belong to the import, in order."""
    held = Delivery.objects.filter(batch=batch, lease_token=batch.token, status=Status.PROCESSING)
    return list(held.select_related(*RELATED).order_by("id"))


def items_of(batch: ImportBatch, deliveries: Iterable[Delivery]) -> dict[int, BulkItem]:
    """What the import says of each person, by the delivery's id.

    Shape: a delivery whose target was not confirmed, or whose mapping fails,
    has none.
    """
    fields = CatalogEntry.objects.present().filter(account_id=batch.account_id, kind="field")
    types = dict(fields.values_list("external_id", "type"))
    names = batch.detail.get("names", {})
    bare = set(batch.detail.get("without_fields", ()))
    items = {}
    for delivery in deliveries:
        name = names.get(delivery.target_id, "")
        try:
            job = job_for(delivery, field_types=types)
        except MappingFailed:
            continue
        except Exception as error:
            # One payload that breaks us must not cost the others their import.
            log.error("job_broke", delivery_id=delivery.pk, exc_info=error)
            continue
        if name:
            items[delivery.pk] = BulkItem(job, name, with_fields=delivery.pk not in bare)
    return items
