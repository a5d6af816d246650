"""Work that goes on beside deliveries, for minutes or days, and is seen by people."""

from __future__ import annotations

import uuid
from datetime import UTC

from django.db import models
from django.db.models import Q
from django.utils import timezone

from connections.models import Account, Connection
from deliveries.models.history import Event
from meshes.encryption import SealedField
from meshes.models import Workspace
from rules.models import Rule, RuleVersion


class BackgroundJob(models.Model):
    """A replay of many deliveries, or a rule's backfill, done in the background.

    Shape: `selection` is what a person chose, as JSON; `last_id` bounds it to
    rows that existed then. `cursors` maps an account's id to the last row
    taken of it (`events` for a backfill). `total` is the preview's count, for
    very many an estimate (`total_estimated`) until the end, `taken` how many rows
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
    total_estimated = models.BooleanField(default=False, db_default=False)
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
    `counts` maps reasons to numbers for a digest of failures. A silence names
    its `event` and, where it is about one, the page and step; `last_at` is when it came last.
    """

    class Kind(models.TextChoices):
        """What is wrong."""

        CONNECTION_INACTIVE = "connection_inactive", "A connection's key is not accepted"
        RULE_HELD = "rule_held", "A rule waits for a person"
        FAILURES = "failures", "Deliveries fail repeatedly"
        SILENCE = "silence", "An event has stopped coming"

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
    event = models.CharField(max_length=200, blank=True, default="", db_default="")
    resource_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    page_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    sequence_step = models.CharField(max_length=64, blank=True, default="", db_default="")
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
        return f"Erasure of {self.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class Trial(models.Model):
    """A test event that a person sent, what it found before it wrote, and its clean-up.

    Shape: `before` is what the account showed of the contact before the first
    write, None until then: ids, a word and a keyed hash, never an address.
    `after` is the same once it was read back, and `look_error` says why it was
    not. `cleaned` lists what the clean-up did. `lane_token` is set while a
    clean-up has the delivery in hand, which had `status_before` and gets it
    back.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="+")
    rule_version = models.ForeignKey(
        RuleVersion, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="trial")
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    look_error = models.CharField(max_length=300, blank=True, default="")
    asked_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    cleaned = models.JSONField(default=list, blank=True)
    cleaned_by = models.CharField(max_length=200, blank=True, default="")
    cleaned_at = models.DateTimeField(null=True, blank=True)
    lane_token = models.UUIDField(null=True, blank=True)
    status_before = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        verbose_name = "test event"
        permissions = [("send_test_event", "Can send test events and clean up after them")]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="trial_by_workspace"),
            models.Index(fields=["asked_by", "-id"], name="trial_by_person"),
        ]

    def __str__(self) -> str:
        return f"Test of {self.rule_version.name}"
