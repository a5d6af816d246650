"""Whom we talk to: connections, the accounts behind them, and what those accounts hold."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from simple_history.models import HistoricalRecords

from connections import destinations
from meshes.encryption import SealedField
from meshes.models import LIVE, Configuration, ConfigurationQuerySet, Workspace

connection_name = RegexValidator(
    r"^[a-zA-Z0-9 _-]{1,128}\Z",
    "Use 1 to 128 letters, digits, spaces, underscores or hyphens.",
)


def kind_choices() -> list[tuple[str, str]]:
    """Every registered destination, for forms; keeps migrations out of it."""
    return [(destination.kind, destination.name) for destination in destinations.DESTINATIONS]


def default_rate() -> float:
    """The account budget that the operator set, in requests per second."""
    return float(settings.THROTTLE_ACCOUNT_PER_SECOND)


class InactiveReason(models.TextChoices):
    """Why a connection is off, in the wire's words."""

    AUTHENTICATION_INVALID = "authentication_invalid", "The API key is not accepted"
    OAUTH_AUTHORIZATION_REVOKED = "oauth_authorization_revoked", "Access was revoked"
    OAUTH_REAUTHORIZATION_REQUIRED = "oauth_reauthorization_required", "Access must be renewed"
    MANUALLY_INACTIVATED = "manually_inactivated", "Switched off by a person"


class Account(models.Model):
    """The account behind one or more connections: its pace, pauses, lease and catalog.

    Shape: runtime state, written by workers; never audited.
    Units: `next_slot` is in seconds since the epoch by the database's clock;
    `requests_per_second` is the budget that all our processes share;
    `paused_s` adds up all its pauses so far, in seconds. `slots_taken` counts
    every slot so far, `slots_noted` those that stand in `AccountHour` already.
    `last_timeout_at` is set while its last call got no answer in time.
    """

    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=255)
    requests_per_second = models.FloatField(default=default_rate)
    next_slot = models.FloatField(default=0.0)
    paused_until = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=64, blank=True, default="")
    paused_s = models.FloatField(default=0.0, db_default=0.0)
    slots_taken = models.PositiveBigIntegerField(default=0, db_default=0)
    slots_noted = models.PositiveBigIntegerField(default=0, db_default=0)
    last_timeout_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=64, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    probe_state = models.CharField(max_length=16, blank=True, default="")
    probed_at = models.DateTimeField(null=True, blank=True)
    next_probe_at = models.DateTimeField(null=True, blank=True)
    catalog_refreshed_at = models.DateTimeField(null=True, blank=True)
    catalog_error = models.CharField(max_length=255, blank=True, default="")
    catalog_version = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="account_unique")]

    def __str__(self) -> str:
        return self.key


class AccountHour(models.Model):
    """What became of an account's budget in one hour: our share, and signs of others.

    Shape: `sent` counts slots that we took, `refused` answers that asked us
    to slow down. Of `asked` answers that told how much of the limit was
    left, `others` adds up what was gone without us.
    Units: `others` in requests a second, `paused_s` in seconds.
    """

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="hours", db_index=False
    )
    hour = models.DateTimeField()
    sent = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    paused_s = models.FloatField(default=0.0)
    asked = models.PositiveBigIntegerField(default=0)
    others = models.FloatField(default=0.0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "hour"], name="account_hour_unique")
        ]

    def __str__(self) -> str:
        return f"{self.account} at {self.hour:%Y-%m-%d %H:00}"


class CatalogEntryQuerySet(models.QuerySet["CatalogEntry"]):
    """What an account holds, by kind and presence."""

    def present(self) -> Self:
        """Entries that the last complete reading found."""
        return self.filter(gone_at__isnull=True)


class CatalogEntry(models.Model):
    """A tag, list or custom field that an account holds, as last read.

    Shape: `folded` is the label trimmed and case-folded, for searching.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="catalog")
    kind = models.CharField(max_length=8)
    external_id = models.CharField(max_length=64)
    label = models.CharField(max_length=512)
    folded = models.CharField(max_length=512)
    type = models.CharField(max_length=32, blank=True, default="")
    options = models.JSONField(default=list, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    objects = CatalogEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "tag, list or field"
        verbose_name_plural = "tags, lists and fields"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "external_id"], name="catalog_entry_unique"
            )
        ]
        indexes = [models.Index(fields=["account", "kind", "folded"], name="catalog_by_label")]

    def __str__(self) -> str:
        return self.label


class ContactCache(models.Model):
    """What we remember of a contact, so that a known one costs one call.

    Shape: `links` maps a tag's id to the id of the contact's link to it.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contacts")
    email = models.CharField(max_length=320)
    external_id = models.CharField(max_length=64, blank=True, default="")
    fields_hash = models.CharField(max_length=64, blank=True, default="")
    links = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "email"], name="contact_cache_unique")
        ]

    def __str__(self) -> str:
        return f"Contact {self.external_id or 'unknown'}"


class ConnectionQuerySet(ConfigurationQuerySet):
    """Connections by whether deliveries may use them."""

    def enabled(self) -> Self:
        """Connections that are active and not deleted."""
        return self.live().filter(active=True)


class Connection(Configuration):
    """A workspace's way into one account: its address and its key.

    Shape: `metadata` holds the fields that are no secret; `secrets` a sealed
    JSON object with the others. `last_check` is what the last check found:
    `ok`, `message`, `account_name`, `tags`, `lists`, `missing`, `latency_ms`,
    and `verified`, which names the credentials that were accepted last.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="connections")
    kind = models.CharField(max_length=32, choices=kind_choices, default="activecampaign")
    name = models.CharField(max_length=128, validators=[connection_name])
    metadata = models.JSONField(default=dict)
    secrets = SealedField(blank=True, editable=False)
    secret_fingerprint = models.CharField(max_length=8, blank=True, default="", editable=False)
    secret_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="connections", editable=False
    )
    active = models.BooleanField(default=True)
    inactive_reason = models.CharField(
        max_length=40, choices=InactiveReason.choices, blank=True, default="", editable=False
    )
    hidden = models.BooleanField(default=False, editable=False)
    bulk_import = models.BooleanField(
        "send bursts through the bulk importer", default=False, db_default=False
    )
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_check = models.JSONField(default=dict, blank=True, editable=False)
    history = HistoricalRecords(
        excluded_fields=["secrets", "checked_at", "last_check"],
    )

    objects = ConnectionQuerySet.as_manager()  # type: ignore[misc]  # replaces the abstract one

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], condition=LIVE, name="connection_name_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name
