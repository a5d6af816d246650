"""Whose data it is: organizations, workspaces, their people and their keys."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from meshes.encryption import SealedField
from meshes.hidden import CANARY_ORGANIZATION, CANARY_WORKSPACE
from meshes.staff_models import AuditEntry, RecoveryCode, SecondFactor, SignInTries

__all__ = [
    "AlertContact",
    "AuditEntry",
    "Configuration",
    "MachineKey",
    "Membership",
    "Organization",
    "PublishableKey",
    "RecoveryCode",
    "RoleGrant",
    "SecondFactor",
    "SignInTries",
    "Workspace",
]

LIVE = Q(deleted_at__isnull=True)

workspace_name = RegexValidator(
    r"^[a-zA-Z0-9 _-]{3,50}\Z",
    "Use 3 to 50 letters, digits, spaces, underscores or hyphens.",
)


class ConfigurationQuerySet(models.QuerySet[Any]):
    """Rows that people edit and that are never removed, only marked as deleted."""

    def live(self) -> Self:
        """Rows that are not deleted."""
        return self.filter(LIVE)


class ShownManager(models.Manager[Any]):
    """The rows that people know of: all but the one that belongs to the canary."""

    def get_queryset(self) -> ConfigurationQuerySet:
        """Every row but the hidden one that the model names."""
        return ConfigurationQuerySet(self.model, using=self._db).exclude(pk=self.model.HIDDEN)

    def live(self) -> ConfigurationQuerySet:
        """Rows that are not deleted."""
        return self.get_queryset().live()


class Configuration(models.Model):
    """What every configuration table has: a public id, times, an author, soft deletion."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.CharField(max_length=200, default="system", editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ConfigurationQuerySet.as_manager()

    class Meta:
        abstract = True


class Organization(Configuration):
    """The company that runs workspaces; a default one exists from the start.

    Shape: `objects` leaves out the canary's own, `everything` does not.
    """

    HIDDEN: ClassVar = CANARY_ORGANIZATION

    name = models.CharField(max_length=128)
    history = HistoricalRecords()

    objects = ShownManager()  # type: ignore[assignment, misc]  # replaces the abstract one
    everything = ConfigurationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=LIVE, name="organization_name_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Workspace(Configuration):
    """One product environment: its keys, connections, rules and history stay apart.

    Shape: `rules_version` rises by one with every change that matching can
    see; an event stores the version that it was matched with. `objects` leaves
    out the canary's own workspace, `everything` does not.
    """

    HIDDEN: ClassVar = CANARY_WORKSPACE
    PARTS = ("publishable_keys", "alert_contacts")

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="workspaces"
    )
    name = models.CharField(max_length=50, validators=[workspace_name])
    description = models.CharField(max_length=1024, null=True, blank=True)  # noqa: DJ001
    rules_version = models.BigIntegerField(default=1, editable=False)
    history = HistoricalRecords(excluded_fields=["rules_version"])

    objects = ShownManager()  # type: ignore[assignment, misc]  # replaces the abstract one
    everything = ConfigurationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=LIVE, name="workspace_name_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(Configuration):
    """What a person of the staff may see, and in which time zone.

    Shape: no workspaces means all of them.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership"
    )
    workspaces = models.ManyToManyField(Workspace, blank=True, related_name="memberships")
    time_zone = models.CharField(max_length=64, default="UTC")
    history = HistoricalRecords(m2m_fields=[workspaces])

    def __str__(self) -> str:
        return f"Access of {self.user}"


class KeyQuerySet(ConfigurationQuerySet):
    """Keys by whether they open the door."""

    def usable(self, now: datetime) -> Self:
        """Keys that are neither revoked nor past their end."""
        return self.live().filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True
        )


class PublishableKey(Configuration):
    """A public key that may post events into one workspace and nothing else.

    Shape: without limits of its own it has those of the settings; an origin or
    an event a line, none means all (`meshes.key_limits`).
    Source: Meshes API wire contract, section 2.1 (format of `key`).
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="publishable_keys"
    )
    name = models.CharField(max_length=64, default="Default")
    events_per_second = models.FloatField(null=True, blank=True)
    events_burst = models.PositiveIntegerField(null=True, blank=True)
    allowed_origins = models.TextField(default="", db_default="", blank=True)
    allowed_events = models.TextField(default="", db_default="", blank=True)
    key = models.CharField(max_length=128, unique=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    replaced_by = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        editable=False,
        related_name="replaces",
    )
    history = HistoricalRecords()

    objects = KeyQuerySet.as_manager()  # type: ignore[misc]  # replaces the abstract one

    def __str__(self) -> str:
        return self.name

    @property
    def beginning(self) -> str:
        """Enough of the key to tell it from others of its name."""
        return f"{self.key[:26]}…"


class MachineKey(Configuration):
    """An access key and secret for server-side clients of one organization.

    Shape: no workspaces means all of the organization's.
    Source: Meshes API wire contract, section 2.2.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="machine_keys"
    )
    name = models.CharField(max_length=64)
    access_key = models.CharField(max_length=64, unique=True, editable=False)
    secret = SealedField(editable=False)
    secret_fingerprint = models.CharField(max_length=8, editable=False)
    workspaces = models.ManyToManyField(Workspace, blank=True, related_name="machine_keys")
    read_only = models.BooleanField(default=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    history = HistoricalRecords(excluded_fields=["secret", "last_used_at"], m2m_fields=[workspaces])

    objects = KeyQuerySet.as_manager()  # type: ignore[misc]  # replaces the abstract one

    def __str__(self) -> str:
        return self.name


class AlertContact(Configuration):
    """Whom to write to when a connection or a rule of the workspace needs a person."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="alert_contacts"
    )
    email = models.EmailField()
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"], condition=LIVE, name="alert_contact_unique"
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def named_in_audit(self) -> str:
        """Nothing: the audit outlives the address, its row's id stands beside."""
        return ""


class RoleGrant(models.Model):
    """That a permission was once given to a group that ships with the product.

    Why: what an operator took away must not come back with the next migration.
    """

    role = models.CharField(max_length=64)
    permission = models.CharField(max_length=200)
    given_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["role", "permission"], name="role_grant_unique")
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission}"
