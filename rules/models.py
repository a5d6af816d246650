"""What should happen: milestone rules, their versions, mappings, and the event catalog."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from connections.models import Connection
from meshes.models import LIVE, Configuration, ConfigurationQuerySet, Workspace


class MappingVersion(models.Model):
    """One immutable version of a connection's default field mapping.

    Shape: `mapping_id` is the stable id of the mapping, `id` of this version;
    `generated` is True until a person saves a mapping of their own.
    Source: Meshes API wire contract, section 11.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mapping_id = models.UUIDField(default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="mappings")
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=64, default="Default mapping")
    schema = models.JSONField()
    generated = models.BooleanField(default=False)
    catalog_version = models.CharField(max_length=64, blank=True, default="")
    created_by = models.CharField(max_length=200, default="system")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "field mapping"
        constraints = [
            models.UniqueConstraint(fields=["connection", "version"], name="mapping_version_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


class Condition(models.Model):
    """What a rule asks of an event; an empty string asks nothing."""

    event = models.CharField(max_length=200)
    resource = models.CharField(max_length=200, blank=True, default="")
    resource_id = models.CharField(max_length=64, blank=True, default="")
    page_id = models.CharField(max_length=200, blank=True, default="")
    sequence_step = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        abstract = True


CONDITION_FIELDS = ("event", "resource", "resource_id", "page_id", "sequence_step")
IDENTITY_FIELDS = ("workspace", *CONDITION_FIELDS, "connection", "action", "target_id")


class RuleQuerySet(ConfigurationQuerySet):
    """Rules by whether they take part in matching."""

    def enabled(self) -> Self:
        """Rules that are on and not deleted, held ones included."""
        return self.live().filter(active=True)


class Rule(Condition, Configuration):
    """When this page is completed, make the account hold that state.

    Shape: `target_id` is the tag's or list's id in the account, empty for
    actions on the contact itself; `target_label` its name as last seen.
    `held_reason` is set while a person must repair the target. `restart`
    takes a tag away before it is given, so that its automation starts again.
    `metadata` is what a client sent along and nothing here acts on.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="rules")
    name = models.CharField(max_length=128)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="rules")
    action = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64, blank=True, default="")
    target_label = models.CharField(max_length=512, blank=True, default="")
    resubscribe = models.BooleanField(default=False)
    restart = models.BooleanField(default=False, db_default=False)
    active = models.BooleanField(default=True)
    hidden = models.BooleanField(default=False, editable=False)
    metadata = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    held_reason = models.CharField(max_length=40, blank=True, default="", editable=False)
    current = models.ForeignKey(
        "RuleVersion", null=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    history = HistoricalRecords(excluded_fields=["current"])

    objects = RuleQuerySet.as_manager()  # type: ignore[misc]  # replaces the abstract one

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=list(IDENTITY_FIELDS),
                condition=Q(active=True) & LIVE,
                name="rule_identity_unique",
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "event", "resource", "resource_id"],
                condition=Q(active=True) & LIVE,
                name="rule_active_by_event",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersion(Condition):
    """What a rule said between two changes; immutable, outlives every event that needs it.

    Shape: `rules_version` is the workspace's counter after the change; the
    version of a rule valid for an event is the newest one at or below the
    event's own. `matches` says whether events could match it then.
    """

    class Change(models.TextChoices):
        """What appended this version."""

        CREATED = "created"
        EDITED = "edited"
        ACTIVATED = "activated"
        DEACTIVATED = "deactivated"
        HELD = "held"
        RELEASED = "released"
        MAPPING = "mapping"
        DELETED = "deleted"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="versions")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    rules_version = models.BigIntegerField()
    change = models.CharField(max_length=16, choices=Change.choices)
    name = models.CharField(max_length=128)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64, blank=True, default="")
    target_label = models.CharField(max_length=512, blank=True, default="")
    resubscribe = models.BooleanField(default=False)
    restart = models.BooleanField(default=False, db_default=False)
    mapping = models.ForeignKey(MappingVersion, on_delete=models.PROTECT, related_name="+")
    matches = models.BooleanField()
    held_reason = models.CharField(max_length=40, blank=True, default="")
    created_by = models.CharField(max_length=200, default="system")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="rule_version_unique")
        ]
        indexes = [
            models.Index(fields=["workspace", "rules_version"], name="rule_version_by_workspace")
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"


class CatalogKey(Configuration):
    """A key that events may carry, with words for people."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200)
    label = models.CharField(max_length=200)
    description = models.CharField(max_length=1024, null=True, blank=True)  # noqa: DJ001
    active = models.BooleanField(default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label


class EventType(CatalogKey):
    """An event name that the workspace's product sends."""

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "key"], condition=LIVE, name="event_type_unique"
            )
        ]


class ResourceType(CatalogKey):
    """A resource that the workspace's events are about."""

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "key"], condition=LIVE, name="resource_type_unique"
            )
        ]
