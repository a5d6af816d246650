"""Rows that processes keep beside the history."""

from __future__ import annotations

import uuid

from django.db import models

from meshes.models import Workspace


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
        indexes = [models.Index(fields=["rule_key", "hour"], name="rollup_by_rule")]

    def __str__(self) -> str:
        return f"{self.measure} at {self.hour:%Y-%m-%d %H:00}"


class EventHour(models.Model):
    """How many events of one combination came in one hour, and how far they got; no test events.

    Shape: each count is part of the one before: `accepted`, `matched` by a rule,
    `delivered`, `confirmed`. `place` is a digest of the five texts, which together are too
    long for an index. Rows outlive retention. Why: a table beside `Rollup`, whose rows know
    no event name and whose key the workers of a release before this one rely on.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    hour = models.DateTimeField()
    place = models.CharField(max_length=64)
    event = models.CharField(max_length=200)
    resource = models.CharField(max_length=200, blank=True, default="")
    resource_id = models.CharField(max_length=64, blank=True, default="")
    page_id = models.CharField(max_length=200, blank=True, default="")
    sequence_step = models.CharField(max_length=64, blank=True, default="")
    accepted = models.PositiveBigIntegerField(default=0)
    matched = models.PositiveBigIntegerField(default=0)
    delivered = models.PositiveBigIntegerField(default=0)
    confirmed = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "hour of events"
        verbose_name_plural = "hours of events"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["workspace", "hour", "place"], name="event_hour_unique")
        ]
        indexes = [
            models.Index(fields=["workspace", "resource_id", "hour"], name="event_hour_by_sequence")
        ]

    def __str__(self) -> str:
        return f"{self.event} at {self.hour:%Y-%m-%d %H:00}"


class Tally(models.Model):
    """A count that only ever grows, for those who measure from outside; it outlives retention.

    Shape: `measure` says what is counted; the keys are empty or 0 where it is not told
    apart by them. `kind` and `detail` are words of the measure (`deliveries/tallies.py`).
    Units: `amount` adds up milliseconds, 0 where nothing is measured.
    """

    measure = models.CharField(max_length=12)
    workspace_key = models.CharField(max_length=36, blank=True, default="")
    account_key = models.BigIntegerField(default=0)
    kind = models.CharField(max_length=12, blank=True, default="")
    detail = models.CharField(max_length=40, blank=True, default="")
    count = models.PositiveBigIntegerField(default=0)
    amount = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "workspace_key", "account_key", "kind", "detail"],
                name="tally_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.kind} {self.detail}".strip()


class TallyPlace(models.Model):
    """Up to which row of a table the tallies have counted.

    Shape: `open_ids` are rows up to there that had not ended yet. `turn` rises with
    every step, so that of two workers at the same step one finds that it is done.
    """

    name = models.CharField(max_length=12, primary_key=True)
    counted_id = models.BigIntegerField(default=0)
    open_ids = models.JSONField(default=list)
    turn = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} up to {self.counted_id}"


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


class Canary(models.Model):
    """How the canary does: one row at most.

    Shape: `sent_at` is when the last one was sent, by the database's clock; `green_at` when one
    arrived last whose rows are gone by now, and `latency_ms` how long it took. `trouble` is a
    sentence about the last one that did not arrive or was not taken, empty when all is well.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    begun_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    green_at = models.DateTimeField(null=True, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    trouble = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name_plural = "canaries"
        default_permissions = ()

    def __str__(self) -> str:
        return f"Canary of {self.sent_at or self.begun_at:%Y-%m-%d %H:%M}"


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
