"""The tables of this room; import them from here, whichever file they stand in."""

from deliveries.models.history import Attempt, Delivery, DeliveryQuerySet, Event
from deliveries.models.looks import PayloadLook
from deliveries.models.runtime import (
    BooksCheck,
    Canary,
    EventHour,
    IdempotencyKey,
    Rollup,
    Tally,
    TallyPlace,
    WorkerBeat,
)
from deliveries.models.words import (
    IS_HELD_SQL,
    NOT_COMPLETED_SQL,
    UNFINISHED,
    WAITING,
    Found,
    Mail,
    Outcome,
    Priority,
    Status,
    Trigger,
)
from deliveries.models.work import Alert, BackgroundJob, Erasure, ImportBatch, Trial

__all__ = [
    "IS_HELD_SQL",
    "NOT_COMPLETED_SQL",
    "UNFINISHED",
    "WAITING",
    "Alert",
    "Attempt",
    "BackgroundJob",
    "BooksCheck",
    "Canary",
    "Delivery",
    "DeliveryQuerySet",
    "Erasure",
    "Event",
    "EventHour",
    "Found",
    "IdempotencyKey",
    "ImportBatch",
    "Mail",
    "Outcome",
    "PayloadLook",
    "Priority",
    "Rollup",
    "Status",
    "Tally",
    "TallyPlace",
    "Trial",
    "Trigger",
    "WorkerBeat",
]
