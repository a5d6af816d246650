"""What happened: events, their deliveries and every attempt."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from connections.models import Account, Connection
from deliveries.models.words import (
    UNFINISHED,
    WAITING,
    Found,
    Mail,
    Outcome,
    Priority,
    Status,
    Trigger,
)
from meshes.models import Workspace
from rules.facts import DEFAULT_RESOURCE
from rules.models import Rule, RuleVersion


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
    resource = models.CharField(max_length=200, default=DEFAULT_RESOURCE)
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
                fields=["workspace", "resource", "-id"],
                name="event_by_resource",
                condition=~Q(resource=DEFAULT_RESOURCE),
            ),
            models.Index(
                fields=["workspace", "resource_id", "-id"],
                name="event_by_resource_id",
                condition=~Q(resource_id=""),
            ),
            models.Index(
                fields=["workspace", "-id"], name="event_unmatched", condition=Q(total_rules=0)
            ),
            models.Index(fields=["workspace", "-id"], name="event_test", condition=Q(is_test=True)),
        ]

    def __str__(self) -> str:
        return self.page_title or self.event

    @property
    def named_in_audit(self) -> str:
        """The name without the page's title, which came with the payload."""
        return self.event


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
    off. `released_at` is set once a hold ended, or the delivery moved to the
    new id of its target; it may come late since. `batch` is the bulk import
    that has the delivery in hand.

    `read_back_at` is when the contact was read back last, `found` what it was
    found to be and `mail` whether mail can reach it. Units: `paused_mark` is the account's
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
    read_back_at = models.DateTimeField(null=True, blank=True)
    found = models.CharField(
        max_length=12, choices=Found.choices, blank=True, default="", db_default=""
    )
    mail = models.CharField(
        max_length=12, choices=Mail.choices, blank=True, default="", db_default=""
    )

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        permissions = [
            ("replay_delivery", "Can replay one delivery"),
            ("replay_many", "Can replay many deliveries at once and backfill rules"),
            ("cancel_delivery", "Can cancel deliveries"),
            ("read_back", "Can read contacts back from their account"),
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
                fields=["connection", "held_reason", "id"],
                name="delivery_held",
                condition=~Q(held_reason=""),
            ),
            models.Index(
                fields=["rule", "held_reason", "id"],
                name="delivery_held_by_rule",
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
            models.Index(
                fields=["workspace", "status", "-event"],
                name="delivery_stuck",
                condition=Q(status__in=[Status.RETRYING, Status.FAILED, Status.CANCELED]),
            ),
            models.Index(fields=["workspace", "event_name", "-id"], name="delivery_by_event_name"),
            models.Index(
                fields=["workspace", "page_id", "-id"],
                name="delivery_by_page",
                condition=~Q(page_id=""),
            ),
            models.Index(
                fields=["workspace", "last_outcome", "-id"],
                name="delivery_by_outcome",
                condition=~Q(last_outcome__in=["", Outcome.DELIVERED]),
            ),
            models.Index(
                fields=["workspace", "reason", "-id"],
                name="delivery_by_reason",
                condition=~Q(reason=""),
            ),
            models.Index(
                fields=["workspace", "trigger", "-id"],
                name="delivery_by_trigger",
                condition=~Q(trigger=Trigger.LIVE),
            ),
            models.Index(
                fields=["workspace", "-id"],
                name="delivery_held_by_workspace",
                condition=~Q(held_reason=""),
            ),
            models.Index(
                fields=["workspace", "-id"], name="delivery_test", condition=Q(is_test=True)
            ),
            models.Index(
                fields=["job", "-id"], name="delivery_of_job", condition=Q(job__isnull=False)
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
