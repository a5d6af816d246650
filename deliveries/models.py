"""What happened: events, their deliveries, every attempt, and the runtime rows beside them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from connections.models import Account, Connection
from meshes.encryption import SealedField
from meshes.models import Workspace
from rules.models import Rule, RuleVersion


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


class Priority(models.IntegerChoices):
    """Which deliveries go first when an account has more to do than budget."""

    LIVE = 0
    RETRY = 1
    REPLAY = 2


WAITING = Q(status__in=[Status.PENDING, Status.RETRYING], held_reason="")
UNFINISHED = Q(status__in=[Status.PENDING, Status.PROCESSING, Status.RETRYING])


class Event(models.Model):
    """One thing that a person did in the product, as the product told us.

    Shape: `id` is the order of acceptance, `uuid` the public id. The columns
    beside `payload` are what people search by; `email` is normalized.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    event = models.CharField(max_length=200)
    resource = models.CharField(max_length=200, default="global")
    resource_id = models.CharField(max_length=64, blank=True, default="")
    payload = models.JSONField()
    email = models.CharField(max_length=320, blank=True, default="")
    user_id = models.CharField(max_length=200, blank=True, default="")
    page_id = models.CharField(max_length=200, blank=True, default="")
    page_title = models.CharField(max_length=300, blank=True, default="")
    sequence_step = models.CharField(max_length=64, blank=True, default="")
    completed_at = models.DateTimeField(null=True, blank=True)
    is_test = models.BooleanField(default=False)
    rules_version = models.BigIntegerField()
    total_rules = models.PositiveIntegerField(default=0)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("view_payload", "Can see the payload of events")]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="event_by_workspace"),
            models.Index(fields=["workspace", "event", "-id"], name="event_by_name"),
            models.Index(fields=["workspace", "email", "-id"], name="event_by_email"),
            models.Index(
                fields=["workspace", "user_id", "-id"],
                name="event_by_user",
                condition=~Q(user_id=""),
            ),
            models.Index(
                fields=["workspace", "page_id", "-id"],
                name="event_by_page",
                condition=~Q(page_id=""),
            ),
            models.Index(
                fields=["workspace", "-id"], name="event_unmatched", condition=Q(total_rules=0)
            ),
        ]

    def __str__(self) -> str:
        return self.page_title or self.event


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries by what they wait for."""

    def due(self, now: datetime) -> Self:
        """Deliveries whose time has come and that wait for no person."""
        return self.filter(WAITING, next_attempt_at__lte=now)

    def abandoned(self, now: datetime) -> Self:
        """Deliveries in hand of a worker whose lease has run out."""
        return self.filter(status=Status.PROCESSING, lease_until__lte=now)


class Delivery(models.Model):
    """One event for one rule: what must become true in the account, and how far it is.

    Shape: `id` is the order, `uuid` the public id. `email` with the account
    is the lane; `target_kind` and `target_id` name what an attempt changes.
    `tries` counts the attempts that used up the retry budget. `applied_id`
    is the id of the attempt that completed it, the order of application.

    A run is what one trigger asked for: `trigger`, `asked_by`, `insist` and
    `job` belong to the latest one, `run_attempts` counts its attempts, and
    `status_before` is what a replay found, to be restored when it is called
    off. `released_at` is set once a hold ended. `batch` is the bulk import
    that has the delivery in hand. Units: `paused_mark` is the account's
    `paused_s` at the time `retry_until` was set.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    event_name = models.CharField(max_length=200)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="+", db_index=False)
    rule_version = models.ForeignKey(
        RuleVersion, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    action = models.CharField(max_length=64)
    target_kind = models.CharField(max_length=8)
    target_id = models.CharField(max_length=64, blank=True, default="")
    email = models.CharField(max_length=320, blank=True, default="")
    page_id = models.CharField(max_length=200, blank=True, default="")
    is_test = models.BooleanField(default=False)
    trigger = models.CharField(max_length=8, choices=Trigger.choices, default=Trigger.LIVE)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.LIVE)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    held_reason = models.CharField(max_length=40, blank=True, default="")
    held_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    retry_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    attempt_count = models.PositiveIntegerField(default=0)
    last_outcome = models.CharField(max_length=24, choices=Outcome.choices, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")
    last_error = models.CharField(max_length=500, blank=True, default="")
    progress = models.JSONField(default=dict, blank=True)
    applied_id = models.BigIntegerField(null=True, blank=True)
    asked_by = models.CharField(max_length=200, blank=True, default="", db_default="")
    run_attempts = models.PositiveIntegerField(default=0, db_default=0)
    status_before = models.CharField(max_length=10, blank=True, default="", db_default="")
    insist = models.BooleanField(default=False, db_default=False)
    released_at = models.DateTimeField(null=True, blank=True)
    paused_mark = models.FloatField(default=0.0, db_default=0.0)
    job = models.ForeignKey(
        "BackgroundJob",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
    )
    batch = models.ForeignKey(
        "ImportBatch",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
    )
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        permissions = [
            ("replay_delivery", "Can replay deliveries"),
            ("cancel_delivery", "Can cancel deliveries"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "rule"], name="delivery_unique"),
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=Q(status=Status.PROCESSING),
                name="delivery_one_in_flight_per_lane",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.PROCESSING)
                | Q(lease_token__isnull=False, lease_until__isnull=False),
                name="delivery_processing_is_leased",
            ),
            models.CheckConstraint(
                condition=Q(held_reason="") | UNFINISHED, name="delivery_held_is_unfinished"
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "priority", "next_attempt_at", "id"],
                name="delivery_due",
                condition=WAITING,
            ),
            models.Index(
                fields=["account", "email", "target_kind", "target_id", "id"],
                name="delivery_lane",
                condition=UNFINISHED,
            ),
            models.Index(
                fields=["lease_until"],
                name="delivery_leases",
                condition=Q(status=Status.PROCESSING),
            ),
            models.Index(
                fields=["connection", "id"],
                name="delivery_held",
                condition=~Q(held_reason=""),
            ),
            models.Index(
                fields=["account", "email", "target_kind", "target_id", "applied_id"],
                name="delivery_applied",
                condition=Q(applied_id__isnull=False),
            ),
            models.Index(
                fields=["job", "status"], name="delivery_job", condition=Q(job__isnull=False)
            ),
            models.Index(fields=["batch"], name="delivery_batch", condition=Q(batch__isnull=False)),
            models.Index(fields=["workspace", "-id"], name="delivery_by_workspace"),
            models.Index(fields=["workspace", "email", "-id"], name="delivery_by_email"),
            models.Index(fields=["rule", "-id"], name="delivery_by_rule"),
            models.Index(fields=["connection", "-id"], name="delivery_by_connection"),
            models.Index(
                fields=["workspace", "status", "-id"],
                name="delivery_not_completed",
                condition=~Q(status=Status.COMPLETED),
            ),
        ]

    def __str__(self) -> str:
        return f"Delivery of {self.event_name}"

    @property
    def begun(self) -> bool:
        """Whether the present run has made an attempt."""
        return bool(self.run_attempts or (self.trigger == Trigger.LIVE and self.attempt_count))


class Attempt(models.Model):
    """One try of a delivery, written before its first socket opens.

    Shape: `exchanges` is a list of masked requests with their answers, in
    order; `outcome` is empty while in flight. `counted` says whether the try
    used up retry budget. `effect` is `applied`, `already` or `absent`.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=8, choices=Trigger.choices)
    asked_by = models.CharField(max_length=200, blank=True, default="")
    rule_version = models.ForeignKey(
        RuleVersion, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    target_id = models.CharField(max_length=64, blank=True, default="")
    target_label = models.CharField(max_length=512, blank=True, default="")
    outcome = models.CharField(max_length=24, choices=Outcome.choices, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")
    message = models.CharField(max_length=500, blank=True, default="")
    effect = models.CharField(max_length=10, blank=True, default="")
    counted = models.BooleanField(default=False)
    exchanges = models.JSONField(default=list, blank=True)
    lease_token = models.UUIDField()
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_unique"),
            models.CheckConstraint(
                condition=Q(outcome="", completed_at__isnull=True)
                | (~Q(outcome="") & Q(completed_at__isnull=False)),
                name="attempt_ended_has_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number}"


class BackgroundJob(models.Model):
    """A replay of many deliveries, or a rule's backfill, done in the background.

    Shape: `selection` is what a person chose, as JSON; `last_id` bounds it to
    rows that existed then. `cursors` maps an account's id to the last row
    taken of it (`events` for a backfill). `total` is the preview's count, `taken` how many rows
    were set going, `skipped` counts by reason those that could not be.
    """

    class Kind(models.TextChoices):
        """What a job does."""

        REPLAY = "replay"
        BACKFILL = "backfill"

    class Basis(models.TextChoices):
        """Which version of the rule a replay uses."""

        WAS = "was", "With the rule as it was"
        NOW = "now", "With the rule as it is now"

    class State(models.TextChoices):
        """How far a job is."""

        RUNNING = "running"
        PAUSED = "paused"
        CANCELED = "canceled"
        DONE = "done"

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    rule = models.ForeignKey(
        Rule, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    selection = models.JSONField(default=dict)
    basis = models.CharField(max_length=4, choices=Basis.choices, default=Basis.WAS)
    insist = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    asked_by = models.CharField(max_length=200)
    total = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=dict)
    last_id = models.BigIntegerField()
    cursors = models.JSONField(default=dict)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"], name="job_by_workspace"),
            models.Index(
                fields=["state"], name="job_open", condition=Q(state__in=["running", "paused"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class ImportBatch(models.Model):
    """One bulk import: many deliveries of one account that went out in one request.

    Shape: its deliveries are `processing` with `token` as their lease, until
    `state` is `final` or `abandoned`. `external_id` is the destination's id.
    """

    class State(models.TextChoices):
        """How far an import is."""

        PREPARED = "prepared"
        POSTED = "posted"
        DOUBTFUL = "doubtful"
        FINAL = "final"
        ABANDONED = "abandoned"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARED)
    token = models.UUIDField(default=uuid.uuid4)
    size = models.PositiveIntegerField(default=0)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    posted_at = models.DateTimeField(null=True, blank=True)
    next_look_at = models.DateTimeField(null=True, blank=True)
    give_up_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "import batches"
        indexes = [
            models.Index(
                fields=["account", "next_look_at"],
                name="batch_open",
                condition=Q(state__in=["prepared", "posted", "doubtful"]),
            )
        ]

    def __str__(self) -> str:
        return f"Import of {self.size}"


class Alert(models.Model):
    """Something that needs a person: told once by mail and shown until it is over.

    Shape: `key` names the subject, so that one trouble is one open row;
    `counts` maps reasons to numbers for a digest of failures.
    """

    class Kind(models.TextChoices):
        """What is wrong."""

        CONNECTION_INACTIVE = "connection_inactive", "A connection's key is not accepted"
        RULE_HELD = "rule_held", "A rule waits for a person"
        FAILURES = "failures", "Deliveries fail repeatedly"

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24, choices=Kind.choices)
    key = models.CharField(max_length=100)
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rule = models.ForeignKey(
        Rule, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=40, blank=True, default="")
    counts = models.JSONField(default=dict)
    seen_id = models.BigIntegerField(default=0)
    raised_at = models.DateTimeField()
    last_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_after = models.DateTimeField(null=True, blank=True)
    mail_error = models.CharField(max_length=200, blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "key"],
                condition=Q(resolved_at__isnull=True),
                name="alert_open_once",
            )
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="alert_by_workspace")]

    def __str__(self) -> str:
        return self.get_kind_display()


class Erasure(models.Model):
    """The erasure of a person, and its receipt, which never holds the email.

    Shape: `email` is sealed and emptied at the end; `email_hash` is keyed.
    `scanned_id` of `last_id` events were searched for the email.
    """

    class State(models.TextChoices):
        """How far an erasure is."""

        RUNNING = "running"
        DONE = "done"

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(
        Workspace, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    email = SealedField(blank=True, editable=False)
    email_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    asked_by = models.CharField(max_length=200)
    counts = models.JSONField(default=dict)
    scanned_id = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("erase_person", "Can erase a person")]

    def __str__(self) -> str:
        return f"Erasure of {self.created_at:%Y-%m-%d %H:%M}"


class BooksCheck(models.Model):
    """A recount of all rows, and whether the sums agree.

    Shape: `figures` maps each name of the sums to its count, `faults` lists
    sentences that say which sum does not agree.
    """

    checked_at = models.DateTimeField(db_index=True)
    balanced = models.BooleanField()
    figures = models.JSONField()
    faults = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Recount of {self.checked_at:%Y-%m-%d %H:%M}"


class IdempotencyKey(models.Model):
    """The answer that a request with this key got, so that a repeat gets it again."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=255)
    path = models.CharField(max_length=64)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key"], name="idempotency_key_unique")
        ]

    def __str__(self) -> str:
        return f"Key of {self.created_at:%Y-%m-%d %H:%M}"


class Rollup(models.Model):
    """Hourly counts per workspace, rule and what was counted; they outlive retention.

    Shape: `rule_key` is the rule's id, empty for counts of events.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    rule_key = models.CharField(max_length=36, blank=True, default="")
    hour = models.DateTimeField()
    resource_id = models.CharField(max_length=64, blank=True, default="")
    page_id = models.CharField(max_length=200, blank=True, default="")
    sequence_step = models.CharField(max_length=64, blank=True, default="")
    measure = models.CharField(max_length=32)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "workspace",
                    "hour",
                    "measure",
                    "rule_key",
                    "resource_id",
                    "page_id",
                    "sequence_step",
                ],
                name="rollup_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} at {self.hour:%Y-%m-%d %H:00}"


class WorkerBeat(models.Model):
    """A sign of life of a supervisor or a pump, by the database's clock.

    Shape: `kind` is `supervisor` or `pump`; `worker` names the supervisor
    that a pump runs under, empty under a plain cluster.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12)
    worker = models.CharField(max_length=64, blank=True, default="")
    host = models.CharField(max_length=128, blank=True, default="")
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)
    stopping = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.kind} on {self.host}"
