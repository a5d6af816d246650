"""The words and states that history is written in; nothing else."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Status(models.TextChoices):
    """The wire's status words.

    Source: Meshes API wire contract, section 8.1.
    """

    PENDING = "pending"
    PROCESSING = "processing"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


class Outcome(models.TextChoices):
    """The wire's outcome codes.

    Source: Meshes API wire contract, section 8.5.
    """

    DELIVERED = "delivered"
    REJECTED_CLIENT_ERROR = "rejected_client_error"
    REJECTED_SERVER_ERROR = "rejected_server_error"
    RATE_LIMITED = "rate_limited"
    AUTH_FAILED = "auth_failed"
    TIMEOUT = "timeout"
    NETWORK_ERROR = "network_error"
    MAPPING_ERROR = "mapping_error"
    INTERNAL_ERROR = "internal_error"


class Trigger(models.TextChoices):
    """What asked for a delivery or an attempt."""

    LIVE = "live"
    RETRY = "retry"
    REPLAY = "replay"
    BACKFILL = "backfill"
    TEST = "test"
    CANARY = "canary"


class Found(models.TextChoices):
    """Whether a contact that was read back is as its rule wants it."""

    AS_WANTED = "as_wanted"
    UNDONE = "undone"
    MISSING = "missing"
    NO_CONTACT = "no_contact"


class Mail(models.TextChoices):
    """Whether mail can reach a contact that was read back."""

    POSSIBLE = "possible"
    NO_LIST = "no_list"
    UNCONFIRMED = "unconfirmed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"


class Priority(models.IntegerChoices):
    """Which deliveries go first when an account has more to do than budget."""

    LIVE = 0
    RETRY = 1
    REPLAY = 2


WAITING = Q(status__in=[Status.PENDING, Status.RETRYING], held_reason="")
UNFINISHED = Q(status__in=[Status.PENDING, Status.PROCESSING, Status.RETRYING])
# The conditions of indexes, spelled out: SQLite uses them only for a query that says the same.
NOT_COMPLETED_SQL = "NOT (status = 'completed')"
IS_HELD_SQL = "NOT (held_reason = '')"
